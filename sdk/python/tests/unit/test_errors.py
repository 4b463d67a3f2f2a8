"""Errors, and answers that are none."""

from __future__ import annotations

import json
import pickle

import pytest

from doorstep_client import DoorstepError, ErrorCode, FieldProblem, TransportResponse, one_time_code
from doorstep_client._answer import read_answer
from doorstep_client._generated.codes import NEXT

from ..support.server import TREE

CATALOGUE = json.loads((TREE / "openapi/error-codes.json").read_text("utf-8"))


def test_every_code_says_what_the_app_does_next() -> None:
    expected = {
        "resend_cooldown": "wait",
        "captcha_wrong": "new_captcha",
        "network": "retry",
        "invalid_answer": "retry",
        "signed_out": "sign_in",
        "key_lost": "sign_in",
        "user_changed": "reload",
        "code_of_tomorrow": "retry_later",
        "aborted": "retry_later",
    }
    assert {code: DoorstepError(code, "").next for code in expected} == expected


@pytest.mark.parametrize(
    ("language", "column"),
    [("zh-Hant-TW", "zh"), ("ZH", "zh"), ("en", "en"), (None, "en"), ("zh_CN", "zh"), ("zhx", "en")],
)
def test_every_code_has_a_sentence(language: str, column: str) -> None:
    def sentence(code: str) -> str:
        return DoorstepError(code, "", language=language).user_message

    unknown = CATALOGUE["unknown_code"]["show"][column]
    for error in CATALOGUE["errors"]:
        assert sentence(error["code"]) == (error["show"] or CATALOGUE["unknown_code"]["show"])[column]
    assert sentence("network") == sentence("invalid_answer") == CATALOGUE["no_response"]["show"][column]
    assert sentence("code_of_tomorrow") == sentence("user_changed") == unknown
    assert sentence("signed_out") == sentence("key_lost") == sentence("token_missing")
    for field in CATALOGUE["fields"]:
        problem = FieldProblem("name", field["code"], "detail", language=language)
        assert problem.user_message == (field["show"] or {column: "detail"})[column]
    assert FieldProblem("name", "code_of_tomorrow", "detail").user_message == "detail"


def test_every_code_is_a_constant() -> None:
    codes = {value for name, value in vars(ErrorCode).items() if name.isupper()}
    codes |= {value for name, value in vars(ErrorCode.__base__).items() if name.isupper()}
    assert codes - NEXT.keys() == {
        "network",
        "invalid_answer",
        "signed_out",
        "key_lost",
        "user_changed",
        "aborted",
        "upload_failed",
    }
    assert NEXT.keys() <= codes
    assert ErrorCode.CODE_WRONG == "code_wrong"


def test_an_error_of_the_service() -> None:
    problem = {
        "code": "validation_failed",
        "detail": "No.",
        "request_id": "r",
        "errors": [{"field": "a.b", "pointer": "#/a/b", "code": "required", "detail": "d"}],
    }
    with pytest.raises(DoorstepError) as caught:
        read_answer(TransportResponse(422, {"retry-after": "7"}, json.dumps(problem)), ("ticket",), "zh")
    error = caught.value
    assert (error.code, error.status, error.message, error.retry_after) == ("validation_failed", 422, "No.", 7)
    assert (error.request_id, error.fields[0].pointer, error.attempts_left) == ("r", "#/a/b", None)
    assert (str(error), repr(error)) == ("No. (validation_failed)", "DoorstepError('validation_failed', status=422)")
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.message, again.problem, again.user_message) == (
        error.code,
        error.message,
        problem,
        error.user_message,
    )


@pytest.mark.parametrize(
    ("status", "body", "unanswered"),
    [
        (200, "<html>", True),
        (200, "[]", True),
        (200, "", True),
        (502, "Bad Gateway", True),
        (403, '{"message":"blocked"}', False),
        (403, '{"code":1}', False),
        (401, "", False),
        (302, "", False),
        (200, "[" * 100_000, True),
    ],
)
def test_an_answer_that_is_not_from_the_service(status: int, body: str, unanswered: bool) -> None:
    with pytest.raises(DoorstepError) as caught:
        read_answer(TransportResponse(status, {}, body), ("ticket",))
    assert (caught.value.code, caught.value.unanswered) == ("invalid_answer", unanswered)


def test_the_durations_of_a_replayed_answer_are_shorter_by_its_age() -> None:
    body = {"ticket": "t", "expires_in": 300, "resend_in": 5, "attempts_left": 5}
    fields = tuple(body)
    answer = read_answer(TransportResponse(200, {"age": "10"}, json.dumps(body)), fields)
    assert answer == {"ticket": "t", "expires_in": 290, "resend_in": 0, "attempts_left": 5}
    for age in ("-1", "x", "٣", "1.5", "9999999999"):
        assert read_answer(TransportResponse(200, {"age": age}, json.dumps(body)), fields) == body
    assert read_answer(TransportResponse(204, {}, ""), None) is None


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("【店】验证码042137,5分钟内有效。", "042137"),
        ("042137 is your code. Call 4001234567 for help.", "042137"),
        ("Code: 042137\n\n@id.example.com #042137", "042137"),
        ("042137 or 042138", None),
        ("0421371", None),
        ("no digits", None),
        ("٠٤٢١٣٧", None),
    ],
)
def test_the_code_in_a_message(message: str, code: str) -> None:
    assert one_time_code(message) == code
