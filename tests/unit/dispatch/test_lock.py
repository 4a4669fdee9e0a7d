"""One server per data directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.dispatch.lock import DataDirInUse, DirectoryLock


def test_a_second_server_is_told_which_process_has_the_directory(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path), pytest.raises(DataDirInUse, match=f"process id {os.getpid()}"):
        DirectoryLock(tmp_path).acquire()


def test_a_released_directory_is_free_again(tmp_path: Path) -> None:
    DirectoryLock(tmp_path).acquire().release()
    DirectoryLock(tmp_path).acquire().release()


def test_directories_are_locked_one_by_one(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path / "a"), DirectoryLock(tmp_path / "b"):
        pass


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from app.dispatch.lock import DirectoryLock\n"
        "DirectoryLock(Path(sys.argv[1])).acquire(); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(DataDirInUse, match=f"process id {child.pid}"):
            DirectoryLock(tmp_path).acquire()
        child.kill()
        child.wait(10)
        DirectoryLock(tmp_path).acquire().release()

