"""The driver for the scenarios."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..support.server import TREE, Server


class Driver:
    """A process of the driver."""

    def __init__(self, server: Server, folder: Path, mode: list[str], **options: Any) -> None:
        command = [sys.executable, str(TREE / "sdk/python/driver/driver.py"), *mode]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        paths = {"store": str(folder / "store"), "keys": str(folder / "keys")}
        self.opened = self.call("open", base_url=server.url, **paths, **options)

    def call(self, verb: str, **parameters: Any) -> Any:
        """The answer to one call."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"id": 1, "do": verb, "with": parameters}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or "null")

    def ends(self) -> int:
        """Ends the input. Returns the exit code."""
        self.process.communicate()
        return self.process.returncode


@pytest.mark.parametrize("mode", [[], ["--sync"]])
def test_a_driver_ends_at_a_write_and_its_successor_goes_on(server: Server, tmp_path: Path, mode: list[str]) -> None:
    phone = server.new_phone()
    for write, when in ((1, "after"), (2, "before")):
        dying = Driver(server, tmp_path, mode, crash_at={"write": write, "when": when})
        dying.call("sign_up.resume")
        assert dying.call("sign_up.send_code", phone_number=phone, captcha="letmein") is None
        assert dying.ends() == 137
    driver = Driver(server, tmp_path, mode)
    assert driver.opened["value"] == {"protocol": 1, "language": "python", "keys": True}
    assert driver.call("sign_up.resume")["state"]["step"] == "code"
    assert driver.call("sign_up.verify_code", code="no code")["error"]["code"] == "validation_failed"
    assert driver.call("account.nothing")["error"]["code"] == "defect"
    assert driver.ends() == 0
    assert len(server.messages(phone)) == 1
