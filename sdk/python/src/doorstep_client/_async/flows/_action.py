"""Adds to an action what the device knows: its token, its key, its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ..._encoding import random_name
from ..._record import StoredDevice, clean_keys, find_device
from ..._runtime_async import in_thread
from .._api import without_none
from ._context import Action, Context, Prepared
from ._flow_record import AsyncFlowRecord


class AsyncActionMaker:
    """Makes the requests of one flow."""

    def __init__(self, context: Context, record: AsyncFlowRecord) -> None:
        self._context = context
        self._record = record

    async def prepare(self, action: Action) -> Prepared:
        """The request of an action."""
        operation = action.operation
        body = dict(action.body(self._record.data))
        known = await self._known_device(body)
        key, lost = await self._choose_key(action.signs_in, known if action.device else None)
        if known is not None and action.device and not lost:
            body["device_token"] = known["token"]
        if operation.client_id:
            body["client_id"] = self._context.client_id or None
        if operation.device_name:
            body["device_name"] = self._context.device_name or None
        return Prepared(operation.id, without_none(body), key)

    async def clean_key(self, name: Optional[str]) -> None:
        """Deletes the key of an abandoned flow."""
        if self._context.keys is not None:
            await in_thread(clean_keys, self._context.keys, await self._context.vault.read(), [name])

    async def _known_device(self, body: Mapping[str, Any]) -> Optional[StoredDevice]:
        """The device of the account whose number the user typed, now or at the start of the flow."""
        contents = await self._context.vault.read()
        number = body.get("former_phone_number") or body.get("phone_number")
        if isinstance(number, str):
            device = find_device(contents, number)
            self._record.set(deviceOf=None if device is None else device["userId"])
            return device
        user = self._record.data.get("deviceOf")
        return next((one for one in contents["devices"] if one["userId"] == user), None)

    async def _choose_key(self, signs_in: bool, device: Optional[StoredDevice]) -> tuple[Optional[str], bool]:
        """The key of a known device, because its device token needs it; else a new key for an action that signs in.

        The second value: the key of the device is gone, and its token is worth nothing.
        """
        name = None if device is None else device.get("key")
        if name is not None and await self._context.session.key(name) is not None:
            return name, False
        return await self._own_key() if signs_in else None, name is not None

    async def _own_key(self) -> Optional[str]:
        """One key for all attempts of the flow. A platform that cannot store keys gets an unbound session."""
        keys, name = self._context.keys, self._record.data.get("key")
        if keys is None or await self._context.session.key(name) is not None:
            return name
        name = random_name(self._context.api.random)
        try:
            await in_thread(keys.create, name)
        except Exception:
            return None
        self._record.set(key=name)
        return name
