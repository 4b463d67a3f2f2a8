"""Stores, used by several processes at the same time."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from doorstep_client import FileStore, LockingStore, MemoryStore

from ..support.server import TREE

ADD = """
import sys
from doorstep_client import FileStore
store, times, holds = FileStore(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "holds"
for _ in range(times):
    with store.lock("counter"):
        store.set("count", str(int(store.get("count") or 0) + 1))
if holds:
    with store.lock("counter"):
        print("held", flush=True)
        sys.stdin.read()
"""


def adder(folder: Path, times: int, end: str) -> subprocess.Popen[str]:
    """A process that adds to a counter under a lock, and holds the lock at its end if it is to be killed."""
    command = [sys.executable, "-c", ADD, str(folder), str(times), end]
    environment = {**os.environ, "PYTHONPATH": str(TREE / "sdk/python/src")}
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_add_to_one_counter_and_the_lock_of_a_killed_one_ends(tmp_path: Path) -> None:
    with adder(tmp_path, 50, "ends") as first, adder(tmp_path, 50, "ends") as second:
        with adder(tmp_path, 5, "holds") as killed:
            assert killed.stdout is not None
            assert killed.stdout.readline() == "held\n"
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        assert (first.wait(), second.wait()) == (0, 0)
    assert FileStore(tmp_path).get("count") == "105"
    assert sorted(os.listdir(tmp_path)) == ["count.json", "counter.lock"]


def test_two_stores_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    stores = [FileStore(tmp_path) for _ in range(4)]

    def add(store: FileStore) -> None:
        for _ in range(25):
            with store.lock("counter"):
                store.set("count", str(int(store.get("count") or 0) + 1))

    threads = [threading.Thread(target=add, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].get("count") == "100"


@pytest.mark.parametrize("key", ["doorstep", "../a/b c", "键"])
def test_values(tmp_path: Path, key: str) -> None:
    folder = tmp_path / "deep" / "folder"
    for store in (MemoryStore(), FileStore(folder)):
        assert store.get(key) is None
        store.set(key, "值\r\n")
        assert store.get(key) == "值\r\n"
        store.set(key, None)
        store.set(key, None)
        assert store.get(key) is None
    FileStore(folder).set(key, "secret")
    (file,) = folder.iterdir()
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)
    assert FileStore(str(folder)).get(key) == "secret"


def test_a_write_that_fails_changes_nothing_and_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path)
    store.set("a", "old")

    def full(descriptor: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        store.set("a", "new")
    assert (store.get("a"), os.listdir(tmp_path)) == ("old", ["a.json"])


def test_a_write_reaches_the_disk_before_it_replaces_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        steps.append("fsync")
        fsync(descriptor)

    def watched_replace(draft: Path, file: Path) -> None:
        steps.append("replace")
        replace(draft, file)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    FileStore(tmp_path).set("a", "value")
    assert steps == ["fsync", "replace", "fsync"]


def test_only_a_store_with_a_lock_is_a_locking_store(tmp_path: Path) -> None:
    assert isinstance(FileStore(tmp_path), LockingStore)
    assert not isinstance(MemoryStore(), LockingStore)
