"""Stores of keys. They need the extra `doorstep-client[keys]`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional, Union
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ._encoding import base64url
from ._files import read_or_none, replace_file
from ._keys import DeviceKey, PublicKey


class SoftwareKey:
    """A key in the memory of the process."""

    def __init__(self, private: EllipticCurvePrivateKey) -> None:
        self._private = private
        numbers = private.public_key().public_numbers()
        x, y = (base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        self.public_key = PublicKey(x, y)

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self._private.sign(data, ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class MemoryKeys:
    """Keys that end with the process."""

    def __init__(self) -> None:
        self._keys: dict[str, SoftwareKey] = {}

    def create(self, name: str) -> DeviceKey:
        key = self._keys[name] = SoftwareKey(generate_private_key(SECP256R1()))
        return key

    def get(self, name: str) -> Optional[DeviceKey]:
        return self._keys.get(name)

    def delete(self, name: str) -> None:
        self._keys.pop(name, None)


class FileKeys:
    """Keys in PEM files that only this user can read. A program that reads them can copy the keys: for QA."""

    def __init__(self, folder: Union[str, os.PathLike[str]]) -> None:
        self._folder = Path(folder)

    def create(self, name: str) -> DeviceKey:
        private = generate_private_key(SECP256R1())
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        replace_file(self._file(name), pem)
        return SoftwareKey(private)

    def get(self, name: str) -> Optional[DeviceKey]:
        pem = read_or_none(self._file(name))
        if pem is None:
            return None
        private = load_pem_private_key(pem, None)
        if not isinstance(private, EllipticCurvePrivateKey):
            raise ValueError(f"{self._file(name)} is no key on a curve")
        return SoftwareKey(private)

    def delete(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{quote(name, safe='')}.pem"
