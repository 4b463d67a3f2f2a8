"""Clients for the tests, and what their users do."""

from __future__ import annotations

import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Optional

import httpx

from doorstep_client import (
    AsyncDoorstep,
    AsyncHttpxTransport,
    CaptchaAnswer,
    MemoryStore,
    Store,
    TransportRequest,
    TransportResponse,
)

from ..support.process import Process, ProcessStore
from ..support.server import Server

# The certificates take long to read.
CERTIFICATES = ssl.create_default_context()
PASSWORD = "correct horse battery"
Send = Callable[[TransportRequest], Awaitable[TransportResponse]]


class Clients:
    """Clients of one test, which share their connections."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.send = AsyncHttpxTransport(httpx.AsyncClient(verify=CERTIFICATES))
        self._all: list[AsyncDoorstep] = []

    def new(self, **options: Any) -> AsyncDoorstep:
        """A client of the service."""
        url = options.pop("base_url", self.server.url)
        client = AsyncDoorstep(url, **{"transport": self.send, "device_name": "Test phone", **options})
        self._all.append(client)
        return client

    def started(self, process: Process, store: Store, **options: Any) -> AsyncDoorstep:
        """A client in a process."""

        async def send(request: TransportRequest) -> TransportResponse:
            process.check()
            process.requests += 1
            sent = f"request {process.requests}"
            process.reach(f"{sent} before")
            response = await self.send(request)
            process.reach(f"{sent} after")
            process.check()
            return response

        return self.new(store=ProcessStore(process, store), transport=send, **options)

    def faulty(self, choose: Callable[[int], Optional[str]]) -> Send:
        """A network with a fault for some requests, by their number: `lost answer`, `lost request` or `doubled`."""
        sent = 0

        async def send(request: TransportRequest) -> TransportResponse:
            nonlocal sent
            sent += 1
            fault = choose(sent)
            if fault == "lost request":
                raise httpx.ConnectError(fault)
            response = await self.send(request)
            if fault == "lost answer":
                raise httpx.ReadError(fault)
            return await self.send(request) if fault == "doubled" else response

        return send

    def changing(self, change: Callable[[str, Any], Any]) -> Send:
        """A network that changes the answers of the service: a service of tomorrow."""

        async def send(request: TransportRequest) -> TransportResponse:
            response = await self.send(request)
            if not response.body:
                return response
            body = change(httpx.URL(request.url).path, json.loads(response.body))
            return TransportResponse(response.status, response.headers, json.dumps(body))

        return send

    async def aclose(self) -> None:
        """Ends the clients and their connections."""
        for client in self._all:
            await client.aclose()
        await self.send.aclose()


async def solved(doorstep: AsyncDoorstep) -> CaptchaAnswer:
    """The answer that development mode accepts for every captcha."""
    captcha = await doorstep.captcha()
    return captcha.answer("letmein")


async def sign_up(clients: Clients, doorstep: AsyncDoorstep, phone: Optional[str] = None) -> str:
    """Signs a new user up. Returns the number."""
    phone = phone or clients.server.new_phone()
    flow = doorstep.sign_up()
    await flow.send_code(phone_number=phone, captcha=await solved(doorstep))
    await flow.verify_code(clients.server.code(phone))
    await flow.set_password(PASSWORD)
    await flow.submit_profile(nickname="Ada")
    return phone


def copy_of(store: Store) -> MemoryStore:
    """A backup of a store."""
    copy = MemoryStore()
    copy.set("doorstep", store.get("doorstep"))
    return copy


def record_of(store: Store) -> Any:
    """The record of a store."""
    return json.loads(store.get("doorstep") or "{}")


def answered(status: int, **body: Any) -> Callable[[TransportRequest], Awaitable[TransportResponse]]:
    """A network that answers everything with one body."""

    async def send(request: TransportRequest) -> TransportResponse:
        return TransportResponse(status, {}, json.dumps(body))

    return send
