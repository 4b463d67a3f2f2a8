"""A real doorstep in development mode, in a folder of its own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Optional

TREE = Path(__file__).resolve().parents[4]
BINARY = Path(os.environ.get("DOORSTEP_BINARY") or TREE / "target" / "debug" / "doorstep")

# Settings for tests with hundreds of requests.
WITHOUT_LIMITS = {
    "COOLDOWN_SECONDS": "1",
    "LIMIT_IP_CAPTCHAS": "100000",
    "LIMIT_IP_PHONES_HOUR": "100000",
    "LIMIT_IP_SENDS": "100000",
    "LIMIT_IP_UNVERIFIED_HOUR": "100000",
    "LIMIT_PHONE_DAY": "100",
    "LIMIT_PHONE_HOUR": "100",
    "PROOF_OF_WORK": "off",
    "SMS_BUDGET_DAY": "100000",
    "SMS_BUDGET_HOUR": "100000",
    "SMS_BUDGET_REGION_HOUR": "100000",
    "SMS_BUDGET_REGION_UNVERIFIED_HOUR": "100000",
}


class Server:
    """A process of the service."""

    def __init__(self, settings: Optional[Mapping[str, str]] = None) -> None:
        if not BINARY.exists():
            raise FileNotFoundError(f"no {BINARY}: build doorstep, or set DOORSTEP_BINARY")
        self.folder = Path(tempfile.mkdtemp(prefix="doorstep-client-"))
        self._numbers = count(10_000_000)
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        environment = {"PATH": os.environ["PATH"], "BIND": address, "METRICS_BIND": "off", "PUBLIC_URLS": self.url}
        environment.update(WITHOUT_LIMITS if settings is None else settings)
        with open(self.folder / "server.log", "wb") as log:
            self._process = subprocess.Popen([str(BINARY)], cwd=self.folder, env=environment, stdout=log, stderr=log)
        self._wait()

    def stop(self) -> None:
        """Ends the process at once."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder)

    def new_phone(self) -> str:
        """A number that no test has used yet."""
        return f"+86139{next(self._numbers)}"

    def messages(self, phone: str) -> list[str]:
        """The messages to a number."""
        outbox = self.folder / "data" / "outbox.log"
        lines = outbox.read_text("utf-8").split("\n") if outbox.exists() else []
        return [line for line in lines if line.startswith(f"SMS to {phone}:")]

    def code(self, phone: str, number: int = 1) -> str:
        """The code of the last message, when there are this many. The sign-in answers before it sends."""
        deadline = time.monotonic() + 10
        while len(self.messages(phone)) < number:
            if time.monotonic() > deadline:
                raise AssertionError(f"no message {number} to {phone}")
            time.sleep(0.002)
        found = re.search(r"\b[0-9]{6}\b", self.messages(phone)[-1])
        assert found is not None
        return found[0]

    def _wait(self) -> None:
        """Waits until the service listens."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            if f"listening on {self.url}" in self.log():
                return
            time.sleep(0.01)
        raise AssertionError(f"doorstep does not start:\n{self.log()}")

    def log(self) -> str:
        """The log of the service."""
        return (self.folder / "server.log").read_text("utf-8")


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
