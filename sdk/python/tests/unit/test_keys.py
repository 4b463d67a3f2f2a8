"""Keys of the device and DPoP proofs."""

from __future__ import annotations

import base64
import stat
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest

import doorstep_client
from doorstep_client import FileKeys, KeyStore, MemoryKeys, SystemClock
from doorstep_client._encoding import system_random
from doorstep_client._proof import make_proof

from ..support.server import TREE

URL = "https://id.example.com/v1/login"


def key_stores(folder: Path) -> list[KeyStore]:
    """One store of each kind."""
    return [MemoryKeys(), FileKeys(folder / "keys")]


def test_a_proof_is_a_jwt_that_its_own_key_verifies(tmp_path: Path) -> None:
    for keys in key_stores(tmp_path):
        for nonce in ("n", None):
            key = keys.create("device")
            proof = make_proof(key, "POST", URL, nonce, SystemClock(), system_random)
            header = jwt.get_unverified_header(proof)
            assert (header["typ"], header["alg"]) == ("dpop+jwt", "ES256")
            assert header["jwk"].keys() == {"kty", "crv", "x", "y"}
            claims = jwt.decode(proof, jwt.PyJWK(header["jwk"], "ES256").key, algorithms=["ES256"])
            assert (claims["htm"], claims["htu"], claims.get("nonce")) == ("POST", URL, nonce)
            assert abs(claims["iat"] - time.time()) < 10
            assert len(base64.urlsafe_b64decode(proof.split(".")[2] + "==")) == 64
            with pytest.raises(jwt.InvalidSignatureError):
                jwt.decode(proof, jwt.PyJWK({**header["jwk"], **other_point(keys)}, "ES256").key, ["ES256"])


def other_point(keys: KeyStore) -> dict[str, str]:
    """The public part of another key."""
    public = keys.create("other").public_key
    return {"x": public.x, "y": public.y}


def test_a_key_is_found_again_and_is_gone_after_its_deletion(tmp_path: Path) -> None:
    for keys in key_stores(tmp_path):
        assert keys.get("../a b") is None
        created = keys.create("../a b")
        found = keys.get("../a b")
        assert found is not None
        assert found.public_key == created.public_key
        keys.delete("../a b")
        keys.delete("../a b")
        assert keys.get("../a b") is None


def test_key_files_are_for_this_user_only(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys")
    keys.create("a/../../b")
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert file.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert keys.get("a/../../b") is not None
    secret = file.read_text().split("\n")[1]
    assert secret not in repr(keys) + repr(keys.get("a/../../b"))


def test_without_cryptography_everything_else_works() -> None:
    program = """
import sys
sys.modules["cryptography"] = None
import doorstep_client
doorstep_client.Doorstep("http://127.0.0.1:1").close()
try:
    doorstep_client.FileKeys
except ImportError as error:
    print(error)
"""
    source = str(TREE / "sdk/python/src")
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "FileKeys needs the package cryptography: install doorstep-client[keys]\n"


def test_every_public_name_exists() -> None:
    for name in doorstep_client.__all__:
        assert getattr(doorstep_client, name) is not None
    with pytest.raises(AttributeError):
        doorstep_client.__getattr__("nothing")
