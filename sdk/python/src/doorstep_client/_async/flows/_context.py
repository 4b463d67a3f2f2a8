"""Parts of the client that every flow needs, and actions of the user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ..._keys import KeyStore
from ..._operation import Operation
from ..._record import StoredFlow
from ..._runtime_async import Scope
from .._api import AsyncApi
from .._session import AsyncSession
from .._vault import AsyncVault


@dataclass(frozen=True)
class Context:
    """Parts of the client that every flow needs."""

    api: AsyncApi
    vault: AsyncVault
    session: AsyncSession
    keys: Optional[KeyStore]
    scope: Scope
    client_id: Optional[str]
    device_name: Optional[str]


@dataclass(frozen=True)
class Action:
    """An action of the user in a flow."""

    operation: Operation[Any, Any]
    body: Callable[[StoredFlow], Mapping[str, Any]]
    """Called when the actions before it are answered."""
    signs_in: bool = False
    """The answer has tokens: the request needs the proof of a key."""
    device: bool = False
    """Sends the device token of the account, where there is one."""


@dataclass(frozen=True)
class Prepared:
    """A request without its idempotency key."""

    operation: str
    body: Mapping[str, Any]
    key: Optional[str]
