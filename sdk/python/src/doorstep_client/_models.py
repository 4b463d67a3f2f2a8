"""Models that the client returns to an app. They have the fields of the wire; absent and null are None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Optional, TypeVar

Model = TypeVar("Model")


@dataclass(frozen=True)
class User:
    """The account. None in a field of the profile means that there is none."""

    id: str
    phone_confirm_due: bool
    """The number was not proven for a long time: ask for it (`doorstep.phone_confirmation()`)."""
    has_password: bool
    nickname: str
    consent_due: Sequence[str]
    """Documents that the user must accept: `account.accept_documents`."""
    created_at: str
    """RFC 3339 in UTC, like every time."""
    updated_at: str
    phone_number: Optional[str] = None
    """E.164. None if another person has the number now: ask for a new one (`doorstep.phone_change()`)."""
    avatar_url: Optional[str] = None
    gender: Optional[str] = None
    """`female`, `male`, `other`, or a value of a newer service."""
    birthday: Optional[str] = None
    """A day, `2000-02-29`."""


@dataclass(frozen=True)
class DeviceSession:
    """A device on which the user is signed in."""

    id: str
    current: bool
    """This device."""
    created_at: str
    last_used_at: str
    """Time of the last refresh, to the hour."""
    expires_at: str
    known_device: bool
    device_name: Optional[str] = None
    device_known_since: Optional[str] = None


@dataclass(frozen=True)
class PendingAct:
    """An act that waits: for its time, or for an approval."""

    id: str
    kind: str
    """`sign_in`, `password_reset`, `deletion`, `phone_change`, `number_claim`, or one of a newer service."""
    own: bool
    """This session asked for it."""
    approved: bool
    asked_at: str
    ready_at: str
    expires_at: str
    phone_number: Optional[str] = None
    device_name: Optional[str] = None


@dataclass(frozen=True)
class UploadPermit:
    """A permit to upload one image to the storage of the operator."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    public_url: str
    """Value for `account.update(avatar_url=…)` after the upload."""
    expires_in: int


@dataclass(frozen=True)
class CaptchaAnswer:
    """A solved captcha."""

    id: str
    answer: str


def read_model(model: type[Model], wire: Any) -> Model:
    """The model of an answer. Fields that it does not know are ignored."""
    names = [one.name for one in fields(model)]  # type: ignore[arg-type]
    return model(**{name: wire[name] for name in names if wire.get(name) is not None})
