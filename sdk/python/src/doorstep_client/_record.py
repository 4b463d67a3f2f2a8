"""The record in the store. Its names are those of the clients in all languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Optional, TypedDict, Union

from ._generated import types
from ._keys import KeyStore

SignedOutReason = Union[Literal["signed_out", "session_ended", "refresh_reused", "account_deleted"], str]
"""Why a session has ended, or a reason of a newer version that uses the same store.

`signed_out`: by this app, perhaps in another process. `session_ended`: by another device, a password reset or the time.
`refresh_reused`: the tokens were copied; warn the user. `account_deleted`: by the user, on this device.
"""

# The known devices of an account are five; one app on one device has few accounts.
MAX_DEVICES = 5


class _StoredSession(TypedDict):
    id: str
    refreshToken: str
    bound: bool
    user: types.User


class StoredSession(_StoredSession, total=False):
    """The session of this device. `id` is a name of this sign-in, made by the client."""

    key: str


class _StoredDevice(TypedDict):
    userId: str
    token: str


class StoredDevice(_StoredDevice, total=False):
    """A device token, kept through sign-outs."""

    phone: str
    key: str


class _PendingAction(TypedDict):
    operation: str
    body: Mapping[str, Any]
    idempotencyKey: str
    at: int


class PendingAction(_PendingAction, total=False):
    """An action that is not answered yet: sent again as it is. `at`: milliseconds since 1970."""

    key: str


class _StoredQuestion(TypedDict):
    reason: str
    startAnew: bool


class StoredQuestion(_StoredQuestion, total=False):
    """The question of a step `prove`. `readyAt`: milliseconds since 1970."""

    act: str
    readyAt: int


class _StoredFlow(TypedDict):
    step: str
    via: str


class StoredFlow(_StoredFlow, total=False):
    """A flow that is open. `via`: the operations that go on with the ticket, `register` after `start-anew`."""

    ticket: str
    phone: str
    expiresAt: int
    resendAt: int
    attemptsLeft: int
    question: StoredQuestion
    userId: str
    deviceOf: str
    key: str
    pending: PendingAction


class Ended(TypedDict):
    """The session that ended last: other processes learn the reason from it."""

    session: str
    reason: str


class _Contents(TypedDict):
    version: int
    devices: list[StoredDevice]
    flows: dict[str, StoredFlow]


class Contents(_Contents, total=False):
    """Everything that the client stores: one record, so that one write changes all of it."""

    session: StoredSession
    ended: Ended


@dataclass(frozen=True)
class SignIn:
    """Facts of a sign-in that are not in the answer of the service."""

    flow: str
    """The flow that ends with the sign-in."""
    key: Optional[str] = None
    """Name of the key whose proof the request had."""


def parse_record(text: Optional[str]) -> Contents:
    """The record, an empty one where there is none or another version."""
    try:
        contents = json.loads(text or "")
    except ValueError:
        contents = None
    if not isinstance(contents, dict) or contents.get("version") != 1:
        return {"version": 1, "devices": [], "flows": {}}
    read: Contents = {"version": 1, "devices": [], "flows": {}, **contents}  # type: ignore[typeddict-item]
    return read


def put_session(contents: Contents, answer: types.SignedIn, sign_in: SignIn, name: str) -> None:
    """Writes a sign-in into the record."""
    user, bound = answer["user"], answer["refresh_bound"]
    session: StoredSession = {"id": name, "refreshToken": answer["refresh_token"], "bound": bound, "user": user}
    device: StoredDevice = {"userId": user["id"], "token": answer["device_token"]}
    phone = user.get("phone_number")
    if phone:
        device["phone"] = phone
    if bound and sign_in.key is not None:
        session["key"] = device["key"] = sign_in.key
    contents["session"] = session
    others = [one for one in contents["devices"] if one["userId"] != user["id"]]
    contents["devices"] = [device, *others][:MAX_DEVICES]
    contents.pop("ended", None)
    contents["flows"].pop(sign_in.flow, None)
    remove_flows_of_others(contents, user["id"])


@dataclass(frozen=True)
class Ending:
    """The session that ends, and the token that was refused: another process may have put others there."""

    session: Optional[str] = None
    token: Optional[str] = None
    forget_device: bool = False


def end_session(contents: Contents, reason: str, ending: Ending) -> None:
    """Removes a session from the record, if it is still the given one."""
    session = contents.get("session")
    if session is None or (ending.session is not None and session["id"] != ending.session):
        return
    if ending.token is not None and session["refreshToken"] != ending.token:
        return
    del contents["session"]
    contents["ended"] = {"session": session["id"], "reason": reason}
    if ending.forget_device:
        user = session["user"]["id"]
        contents["devices"] = [one for one in contents["devices"] if one["userId"] != user]
    remove_flows_of_others(contents, None)


def remove_flows_of_others(contents: Contents, user: Optional[str]) -> None:
    """Removes the flows of every user but this one."""
    flows = contents["flows"]
    contents["flows"] = {name: flow for name, flow in flows.items() if flow.get("userId") in (None, user)}


def find_device(contents: Contents, phone_number: str) -> Optional[StoredDevice]:
    """The device token for a number that the user typed, in any of its forms."""
    typed = digits(phone_number).lstrip("0")
    if len(typed) < 7:
        return None
    return next((one for one in contents["devices"] if digits(one.get("phone", "")).endswith(typed)), None)


def key_names(contents: Contents) -> set[str]:
    """The names of all keys in the record."""
    flows = contents["flows"].values()
    users: list[Optional[Mapping[str, Any]]] = [contents.get("session"), *contents["devices"], *flows]
    users += [flow.get("pending") for flow in flows]
    return {user["key"] for user in users if user is not None and user.get("key") is not None}


def clean_keys(keys: KeyStore, contents: Contents, names: Iterable[Optional[str]]) -> None:
    """Deletes those keys that nothing in the record names any more. A key that stays is no harm."""
    used = key_names(contents)
    for name in set(names):
        if name is not None and name not in used:
            try:
                keys.delete(name)
            except Exception:
                continue


def digits(text: str) -> str:
    """The ASCII digits of a text. Those of full width become ASCII."""
    ascii_text = text.translate({code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)})
    return re.sub(r"[^0-9]", "", ascii_text)
