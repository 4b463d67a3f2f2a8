"""Encodings, clocks and small parts."""

from __future__ import annotations

import base64
import json
import os

import pytest

from doorstep_client import FlowState, MemoryStore, SystemClock
from doorstep_client._encoding import base64url, data_of, random_name, system_random, to_json
from doorstep_client._record import digits, find_device, parse_record
from doorstep_client._state import Times, question_now, question_of
from doorstep_client._sync._vault import Vault

from ..support.clock import MovedClock


def test_base64url() -> None:
    for length in range(70):
        data = os.urandom(length)
        text = base64url(data)
        assert "=" not in text
        assert base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) == data
    assert random_name(system_random) != random_name(system_random)
    assert len(random_name(system_random)) == 22


@pytest.mark.parametrize("text", ["", "é", "中文", "👋🏽", "\ud800", "a\ud800b", "\u2028"])
def test_json(text: str) -> None:
    encoded = to_json({"text": text})
    assert json.loads(encoded.encode("utf-8")) == {"text": text}


@pytest.mark.parametrize(
    ("uri", "data"),
    [
        ("data:image/png;base64,aGVsbG8=", b"hello"),
        ("data:text/plain,a%20b", b"a b"),
        ("data:image/png;base64,###", None),
        ("text", None),
        (None, None),
    ],
)
def test_data_uris(uri: str, data: bytes) -> None:
    assert data_of(uri) == data


def test_a_known_device_is_found_by_each_form_of_its_number() -> None:
    record = parse_record('{"version":1,"devices":[{"userId":"u","phone":"+8613800138000","token":"t"}]}')
    typed = ["+8613800138000", "13800138000", "138 0013 8000", "0086-138-0013-8000", "１３８００１３８０００"]
    assert [number for number in typed if find_device(record, number) is None] == []
    others = ["", "8000", "13800138001", "+8613900138000"]
    assert [number for number in others if find_device(record, number) is not None] == []
    assert digits("１３8-0") == "1380"


@pytest.mark.parametrize("text", [None, "", "null", "[]", '{"version":2}', "rubbish", '{"version":1}'])
def test_a_record_that_is_not_readable_is_an_empty_one(text: str) -> None:
    assert parse_record(text) == {"version": 1, "devices": [], "flows": {}}


def test_an_unknown_member_of_the_record_stays() -> None:
    store = MemoryStore()
    store.set("doorstep", '{"version":1,"devices":[],"flows":{},"newer":[1]}')
    Vault(store, "doorstep").update(lambda contents: None)
    Vault(store, "doorstep").update(lambda contents: contents["devices"].append({"userId": "u", "token": "t"}))
    assert json.loads(store.get("doorstep") or "")["newer"] == [1]


def test_the_seconds_of_a_state_are_those_of_now() -> None:
    clock = MovedClock()
    start = clock.monotonic()
    state = FlowState("code", "verify_code", _times=Times(start + 300, start + 60), _clock=clock)
    assert (state.expires_in(), state.resend_in()) == (300, 60)
    clock.ahead = 59.5
    assert (state.expires_in(), state.resend_in()) == (241, 1)
    clock.ahead = 400
    assert (state.expires_in(), state.resend_in()) == (0, 0)
    assert (FlowState("start", "start").expires_in(), state == state) == (0, True)


def test_the_seconds_of_a_question_are_those_of_now() -> None:
    clock = MovedClock()
    question = question_of({"code": "act_held", "retry_after": 100, "act": None}, clock.wall())
    assert question_now(question, clock).retry_after in (99, 100)
    clock.wall_ahead = 200
    assert question_now(question, clock).retry_after == 0
    dormant = question_of({"code": "account_dormant"}, 0)
    assert (dormant["reason"], dormant["startAnew"]) == ("dormant", True)


def test_the_clocks_of_the_system() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.wall() > 1.7e9
