"""Keys of the device, to which sessions are bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Protocol


@dataclass(frozen=True)
class PublicKey:
    """A public key on the curve P-256, with the members of a JWK."""

    x: str
    y: str


class DeviceKey(Protocol):
    """A key pair on the curve P-256."""

    @property
    def public_key(self) -> PublicKey:
        """The public part."""

    def sign(self, data: bytes) -> bytes:
        """An ECDSA signature with SHA-256 in the form of JWTs: `r` and `s`, 32 bytes each."""


class KeyStore(Protocol):
    """Keys of this device by name. The asynchronous client calls it in a thread."""

    def create(self, name: str) -> DeviceKey:
        """Creates a key, and replaces one of the same name."""

    def get(self, name: str) -> Optional[DeviceKey]:
        """The key, or None if this device has none of this name. Raises where the store cannot be read now."""

    def delete(self, name: str) -> None:
        """Deletes the key, if there is one."""
