"""Lock files as gammu, smstools and minicom know them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from modemgw.at.lockfile import claim, holder, lock_path, release


def test_a_lock_is_named_after_the_device_behind_its_links(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB2").touch()
    (tmp_path / "m1").symlink_to(tmp_path / "ttyUSB2")
    assert lock_path(str(tmp_path / "m1"), tmp_path) == tmp_path / "LCK..ttyUSB2"


def test_a_living_process_holds_its_lock_and_a_dead_one_does_not(tmp_path: Path) -> None:
    lock = tmp_path / "LCK..ttyUSB2"
    assert holder(lock) is None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        lock.write_text(f"{other.pid:10d}\n")
        assert holder(lock) == other.pid
        other.communicate(b"\n")
    assert holder(lock) is None


def test_a_number_that_is_used_again_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "LCK..ttyUSB2"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        lock.write_text(f"{other.pid:10d}\n")
        before = time.time() - 3600
        os.utime(lock, (before, before))  # written by a process that ended long ago
        assert holder(lock) is None
        assert holder(lock, "/dev/null") is None
        other.communicate(b"\n")


def test_a_process_that_has_the_device_open_holds_it_whatever_the_clock_says(
    tmp_path: Path,
) -> None:
    # The clock was set by a year after the lock was written: a board without a battery.
    master, slave = os.openpty()
    lock = tmp_path / "LCK..ttyUSB2"
    program = [sys.executable, "-c", "input()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=slave) as other:
        lock.write_text(f"{other.pid:10d}\n")
        before = time.time() - 366 * 86400
        os.utime(lock, (before, before))
        assert holder(lock, os.ttyname(slave)) == other.pid
        assert holder(lock, "/dev/null") is None
        other.communicate(b"\n")
    os.close(slave)
    os.close(master)


def test_where_nothing_is_told_of_a_process_its_lock_counts(tmp_path: Path) -> None:
    lock = tmp_path / "LCK..ttyUSB2"
    lock.write_text("         1\n")
    os.utime(lock, (0, 0))
    assert holder(lock, proc=tmp_path) == 1


def test_a_stale_lock_is_taken_over_and_removed_afterwards(tmp_path: Path) -> None:
    lock = tmp_path / "LCK..ttyUSB2"
    lock.write_text("garbage")
    assert claim(lock)
    assert lock.read_text() == f"{os.getpid():10d}\n"
    assert holder(lock) is None
    release(lock)
    assert not lock.exists()


def test_a_lock_of_somebody_else_is_not_removed(tmp_path: Path) -> None:
    lock = tmp_path / "LCK..ttyUSB2"
    lock.write_text("         1\n")
    release(lock)
    assert lock.exists()


def test_a_directory_that_is_not_there_is_no_obstacle(tmp_path: Path) -> None:
    assert not claim(tmp_path / "missing" / "LCK..ttyUSB2")
