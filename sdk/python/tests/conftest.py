"""Servers for the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Callable

import pytest

from .support.server import Server

Start = Callable[[Mapping[str, str]], Server]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A service without limits, one for each process of the tests."""
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts services with other settings."""
    servers: list[Server] = []

    def one(settings: Mapping[str, str]) -> Server:
        servers.append(Server(settings))
        return servers[-1]

    yield one
    for server in servers:
        server.stop()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the client, which take no time then."""
    seen: list[float] = []

    def skip(seconds: float) -> None:
        seen.append(seconds)

    async def skip_async(seconds: float) -> None:
        skip(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr("doorstep_client._sync._api.sleep", skip)
    monkeypatch.setattr("doorstep_client._async._api.sleep", skip_async)
    return seen
