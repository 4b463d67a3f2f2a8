"""Clients for the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ..support.server import Server
from .support import Clients


@pytest.fixture
async def clients(server: Server) -> AsyncIterator[Clients]:
    """Clients of the service without limits."""
    clients = Clients(server)
    yield clients
    await clients.aclose()
