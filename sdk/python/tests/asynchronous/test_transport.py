"""The transport with httpx."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from doorstep_client import AsyncDoorstep, AsyncHttpxTransport, DoorstepError, TransportRequest

from ..support.odd_server import OddServer, odd_server


@pytest.fixture
def odd() -> Iterator[OddServer]:
    """A server that does what the service never does."""
    with odd_server() as server:
        yield server


@pytest.fixture
async def transport() -> AsyncIterator[AsyncHttpxTransport]:
    """The transport of a client."""
    transport = AsyncHttpxTransport()
    yield transport
    await transport.aclose()


def request(server: OddServer, name: str, body: str = "{}", timeout: float = 15) -> TransportRequest:
    """A request for one of the odd answers."""
    return TransportRequest("POST", f"{server.url}/{name}", {"content-type": "application/json"}, body, timeout)


async def test_no_cookie_is_kept_and_no_redirect_is_followed(odd: OddServer, transport: AsyncHttpxTransport) -> None:
    answer = await transport(request(odd, "cookie", '{"name":"值"}'))
    assert (answer.status, answer.body, answer.headers["x-odd"]) == (200, "{}", "1")
    assert (await transport(request(odd, "redirect"))).status == 302
    assert [path for path, _, _ in odd.requests] == ["/cookie", "/redirect"]
    assert all("cookie" not in headers for _, headers, _ in odd.requests)
    assert odd.requests[0][2] == '{"name":"值"}'.encode()


async def test_compressed_and_broken_text(odd: OddServer, transport: AsyncHttpxTransport) -> None:
    assert (await transport(request(odd, "zipped"))).body == '{"ticket":"值"}'
    assert (await transport(request(odd, "latin"))).body == '{"ticket":"\ufffd"}'


@pytest.mark.parametrize("name", ["cut", "drip", "silence"])
async def test_an_answer_that_does_not_come_whole_is_none(
    odd: OddServer, transport: AsyncHttpxTransport, name: str
) -> None:
    start = time.monotonic()
    with pytest.raises(httpx.TransportError):
        await transport(request(odd, name, timeout=0.3))
    assert time.monotonic() - start < 5


async def test_what_does_not_answer_is_a_network_error(pauses: list[float]) -> None:
    with odd_server() as server:
        url = server.url
    async with AsyncDoorstep(url, timeout=5) as doorstep:
        with pytest.raises(DoorstepError) as lost:
            await doorstep.captcha()
    assert (lost.value.code, lost.value.status, lost.value.next, len(pauses)) == ("network", 0, "retry", 3)
    assert isinstance(lost.value.__cause__, httpx.ConnectError)


async def test_a_prefix_in_the_url_and_the_language(odd: OddServer) -> None:
    async with AsyncDoorstep(f"{odd.url}/prefix/", language="zh") as doorstep:
        with pytest.raises(DoorstepError, match="invalid_answer"):
            await doorstep.captcha()
    path, headers, body = odd.requests[0]
    assert (path, headers["accept-language"], body) == ("/prefix/v1/captchas", "zh", b"{}")
