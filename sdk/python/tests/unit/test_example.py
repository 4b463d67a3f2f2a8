"""The example, with the answers on its standard input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ..support.server import TREE, Server


class Terminal:
    """The example on a terminal."""

    def __init__(self, server: Server, folder: Path) -> None:
        command = [sys.executable, str(TREE / "sdk/python/examples/sign_up.py"), server.url, "--folder", str(folder)]
        environment = {**os.environ, "PYTHONPATH": str(TREE / "sdk/python/src"), "PYTHONUNBUFFERED": "1"}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def reads(self, end: str) -> str:
        """The output until it ends so."""
        assert self.process.stdout is not None
        text = ""
        while not text.endswith(end):
            character = self.process.stdout.read(1)
            assert character, f"ended after: {text}"
            text += character
        return text

    def answers(self, question: str, answer: str) -> str:
        """Answers a question. Returns the output before it."""
        text = self.reads(question)
        assert self.process.stdin is not None
        self.process.stdin.write(f"{answer}\n")
        self.process.stdin.flush()
        return text

    def kill(self) -> None:
        """Ends the process, as a power failure does."""
        self.process.kill()
        self.process.communicate()

    def ends(self) -> str:
        """The rest of the output. The example succeeds."""
        rest, _ = self.process.communicate()
        assert self.process.returncode == 0
        return rest


def test_a_sign_up_on_the_terminal_that_is_killed_once(server: Server, tmp_path: Path) -> None:
    phone = server.new_phone()
    first = Terminal(server, tmp_path)
    first.answers("Phone number: ", "123")
    first.answers("captcha.png: ", "letmein")
    assert first.answers("Phone number: ", phone).startswith("Please check")
    first.answers("captcha.png: ", "letmein")
    first.reads("or the whole message: ")
    assert (tmp_path / "captcha.png").read_bytes().startswith(b"\x89PNG")
    first.kill()

    second = Terminal(server, tmp_path)
    wrong = "000000" if server.code(phone) != "000000" else "000001"
    second.answers("or the whole message: ", wrong)
    second.answers("or the whole message: ", server.messages(phone)[0].partition(": ")[2])
    second.answers("without one: ", "correct horse battery")
    second.answers("Nickname: ", "Ada")
    assert second.ends() == f"Signed in as Ada ({phone}). The session is bound to a key.\n"
    assert len(server.messages(phone)) == 1
    assert Terminal(server, tmp_path).ends() == f"Signed in as Ada ({phone}). The session is bound to a key.\n"
