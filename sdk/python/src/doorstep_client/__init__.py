"""Client of doorstep: accounts with a phone number, for QA, scripts and back ends.

`AsyncDoorstep` is for asyncio, `Doorstep` for everything else. Both have the same methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._async._account import AsyncAccount
from ._async._api import AsyncTransport
from ._async._captcha import AsyncCaptcha
from ._async._doorstep import AsyncDoorstep
from ._async._http import AsyncHttpxTransport
from ._async._session import AsyncSession
from ._async.flows._deletion import AsyncDeletion
from ._async.flows._first_password import AsyncFirstPassword
from ._async.flows._flow import AsyncFlow
from ._async.flows._own_number import AsyncPhoneChange, AsyncPhoneConfirmation
from ._async.flows._password_reset import AsyncPasswordReset
from ._async.flows._reclaim import AsyncReclaim
from ._async.flows._sign_in import AsyncSignIn
from ._async.flows._sign_up import AsyncSignUp
from ._clock import Clock, SystemClock
from ._encoding import RandomSource
from ._errors import DoorstepError, ErrorCode, FieldProblem
from ._generated.codes import Next
from ._keys import DeviceKey, KeyStore, PublicKey
from ._models import CaptchaAnswer, DeviceSession, PendingAct, UploadPermit, User
from ._one_time_code import one_time_code
from ._record import SignedOutReason
from ._state import FlowState, Question, QuestionReason, Step
from ._stores import FileStore, LockingStore, MemoryStore, Store
from ._sync._account import Account
from ._sync._api import Transport
from ._sync._captcha import Captcha
from ._sync._doorstep import Doorstep
from ._sync._http import HttpxTransport
from ._sync._session import Session
from ._sync._session_memory import SessionState
from ._sync.flows._deletion import Deletion
from ._sync.flows._first_password import FirstPassword
from ._sync.flows._flow import Flow
from ._sync.flows._own_number import PhoneChange, PhoneConfirmation
from ._sync.flows._password_reset import PasswordReset
from ._sync.flows._reclaim import Reclaim
from ._sync.flows._sign_in import SignIn
from ._sync.flows._sign_up import SignUp
from ._transport import Exchange, TransportRequest, TransportResponse
from ._work import Solver, Work, solve_with_hashlib

if TYPE_CHECKING:
    from ._key_stores import FileKeys, MemoryKeys

__version__ = "0.1.0"

__all__ = [
    "Account",
    "AsyncAccount",
    "AsyncCaptcha",
    "AsyncDeletion",
    "AsyncDoorstep",
    "AsyncFirstPassword",
    "AsyncFlow",
    "AsyncHttpxTransport",
    "AsyncPasswordReset",
    "AsyncPhoneChange",
    "AsyncPhoneConfirmation",
    "AsyncReclaim",
    "AsyncSession",
    "AsyncSignIn",
    "AsyncSignUp",
    "AsyncTransport",
    "Captcha",
    "CaptchaAnswer",
    "Clock",
    "Deletion",
    "DeviceKey",
    "DeviceSession",
    "Doorstep",
    "DoorstepError",
    "ErrorCode",
    "Exchange",
    "FieldProblem",
    "FileKeys",
    "FileStore",
    "FirstPassword",
    "Flow",
    "FlowState",
    "HttpxTransport",
    "KeyStore",
    "LockingStore",
    "MemoryKeys",
    "MemoryStore",
    "Next",
    "PasswordReset",
    "PendingAct",
    "PhoneChange",
    "PhoneConfirmation",
    "PublicKey",
    "Question",
    "QuestionReason",
    "RandomSource",
    "Reclaim",
    "Session",
    "SessionState",
    "SignIn",
    "SignUp",
    "SignedOutReason",
    "Solver",
    "Step",
    "Store",
    "SystemClock",
    "Transport",
    "TransportRequest",
    "TransportResponse",
    "UploadPermit",
    "User",
    "Work",
    "one_time_code",
    "solve_with_hashlib",
]


def __getattr__(name: str) -> Any:
    """Imports the stores of keys when they are used: they need the extra `doorstep-client[keys]`."""
    if name in ("FileKeys", "MemoryKeys"):
        try:
            from . import _key_stores
        except ImportError as cause:
            raise ImportError(f"{name} needs the package cryptography: install doorstep-client[keys]") from cause
        return getattr(_key_stores, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
