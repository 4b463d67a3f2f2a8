"""Generated types, operations and codes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from doorstep_client import DeviceSession, PendingAct, UploadPermit, User
from doorstep_client._async._captcha import describe
from doorstep_client._generated import types
from doorstep_client._generated.operations import OPERATIONS
from doorstep_client._models import read_model

from ..support.server import TREE

BODIES = {
    f"{day} {name}": (name, body)
    for day in ("tomorrow", "yesterday")
    for name, body in json.loads((TREE / f"sdk/compat/{day}.json").read_text("utf-8")).items()
}
MODELS: dict[str, type] = {
    "User": User,
    "Session": DeviceSession,
    "PendingAct": PendingAct,
    "UploadPermit": UploadPermit,
}


def fits(value: Any, kind: Any) -> bool:
    """Tells whether a value of JSON has a type. Unknown fields of an object fit."""
    generic, arguments = get_origin(kind), get_args(kind)
    if generic is Union:
        return any(fits(value, one) for one in arguments)
    if generic is Literal:
        return value in arguments
    if generic is Sequence:
        return isinstance(value, list) and all(fits(one, arguments[0]) for one in value)
    if generic is Mapping:
        return isinstance(value, dict) and all(fits(one, arguments[1]) for one in value.values())
    if hasattr(kind, "__total__"):
        return isinstance(value, dict) and fits_fields(value, kind)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def fits_fields(value: dict[str, Any], kind: Any) -> bool:
    """Tells whether an object has the required fields, and all fields their types."""
    hints = get_type_hints(kind)
    required = {name for name, hint in hints.items() if type(None) not in get_args(hint)}
    return required <= value.keys() and all(fits(value[name], hint) for name, hint in hints.items() if name in value)


@pytest.mark.parametrize("case", BODIES)
def test_answers_of_tomorrow_and_yesterday_have_their_types(case: str) -> None:
    name, body = BODIES[case]
    kind = getattr(types, name)
    assert fits(body, kind)
    empty = {name: None for name, hint in get_type_hints(kind).items() if type(None) in get_args(hint)}
    assert fits({**body, **empty}, kind)
    if name in MODELS:
        model: Any = read_model(MODELS[name], {**empty, **body})
        for field in dataclasses.fields(model):
            assert getattr(model, field.name) == body.get(field.name)
    if name == "Captcha":
        captcha = describe(None, None, {}, body)  # type: ignore[arg-type]
        assert (captcha.id, captcha.length) == (body["captcha_id"], body.get("length"))


def test_a_body_that_does_not_fit_is_noticed() -> None:
    _, body = BODIES["tomorrow SignedIn"]
    for wrong in ({**body, "expires_in": "7"}, {**body, "user": {}}, {**body, "user": None}):
        assert not fits(wrong, types.SignedIn)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_fields_of_its_answer(name: str) -> None:
    names = {field.name for field in dataclasses.fields(MODELS[name])}
    assert names == get_type_hints(getattr(types, name)).keys()


def test_every_flow_with_a_code_can_ask_for_its_status() -> None:
    flows = [name.replace("ResendCode", "") for name in OPERATIONS if name.endswith("ResendCode")]
    assert len(flows) == 9
    assert [flow for flow in flows if f"{flow}Status" not in OPERATIONS] == []
