"""The transport with httpx."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Optional

import httpx

from .._transport import TransportRequest, TransportResponse


class AsyncHttpxTransport:
    """Sends requests with httpx: no redirects, no cookies, no cache.

    `client`: one with other certificates or proxies, which nothing else uses. It keeps no cookies then.
    """

    def __init__(self, client: Optional[httpx.AsyncClient] = None) -> None:
        self._client = client or httpx.AsyncClient()
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def __call__(self, request: TransportRequest) -> TransportResponse:
        deadline = monotonic() + request.timeout
        chunks: list[bytes] = []
        async with self._client.stream(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            timeout=request.timeout,
            follow_redirects=False,
        ) as response:
            async for chunk in response.aiter_bytes():
                chunks.append(chunk)
                if monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer takes too long")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return TransportResponse(response.status_code, headers, b"".join(chunks).decode("utf-8", errors="replace"))

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()
