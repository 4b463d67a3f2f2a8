"""DPoP proofs (RFC 9449)."""

from __future__ import annotations

from math import floor
from typing import Any, Optional

from ._clock import Clock
from ._encoding import RandomSource, base64url, random_name, to_json
from ._keys import DeviceKey


def make_proof(key: DeviceKey, method: str, url: str, nonce: Optional[str], clock: Clock, random: RandomSource) -> str:
    """A JWT that the key signs for one request. `nonce`: the service has refused the clock of the device."""
    jwk = {"kty": "EC", "crv": "P-256", "x": key.public_key.x, "y": key.public_key.y}
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
    claims: dict[str, Any] = {"jti": random_name(random), "htm": method, "htu": url, "iat": floor(clock.wall())}
    if nonce is not None:
        claims["nonce"] = nonce
    signed = ".".join(base64url(to_json(part).encode()) for part in (head, claims))
    return f"{signed}.{base64url(key.sign(signed.encode()))}"
