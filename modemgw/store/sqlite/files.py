"""The files of the database: where they are made, and that nobody else may read them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from modemgw.store.errors import StoreError

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700
ROOM_BYTES = 1 << 20
"""A disk with less free space than this counts as full: the next commits would not fit."""


def make_directory(directory: Path) -> None:
    """Make the data directory when it is absent, for its owner alone whatever the umask is.

    One that is there keeps its mode. Raises StoreError: it cannot be made, or not be written to.
    """
    try:
        if not directory.is_dir():
            directory.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):  # two commands at once
                directory.mkdir(PRIVATE_DIRECTORY)
                directory.chmod(PRIVATE_DIRECTORY)
    except OSError as error:
        raise StoreError(
            f"the data directory {directory} cannot be made: {error.strerror}; "
            "create it, or set gateway.data_dir to a directory that this user may write"
        ) from error
    if not os.access(directory, os.W_OK | os.X_OK):
        raise StoreError(
            f"the data directory {directory} is not writable for this user; "
            "give it the rights, or set gateway.data_dir"
        )


def make_file(file: Path) -> int:
    """Make a file that its owner alone may read; returns its descriptor.

    SQLite gives its `-wal` and `-shm` the mode and the owner of the database, so theirs follow.
    Raises OSError, FileExistsError among them: nothing is replaced and no link is followed.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(file, flags, PRIVATE_FILE)
    os.fchmod(descriptor, PRIVATE_FILE)
    return descriptor


def give_to_owner_of_directory(descriptor: int, directory: Path) -> None:
    """Made by root in the service's directory, a file is the service's all the same."""
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def tighten(database: Path) -> None:
    """Take the rights of others from files that an earlier version made.

    Call before any connection is open: closing a descriptor drops SQLite's locks (fcntl(2)).
    """
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):  # it is not there, or not ours to change
            descriptor = os.open(f"{database}{suffix}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if os.fstat(descriptor).st_mode & 0o077:
                    os.fchmod(descriptor, PRIVATE_FILE)
            finally:
                os.close(descriptor)


def require_room(directory: Path) -> None:
    """Raises OSError (ENOSPC, EDQUOT …) when the disk has less than ROOM_BYTES left for us."""
    probe = directory / ".modemgw-room"
    with contextlib.suppress(FileNotFoundError):
        probe.unlink()
    descriptor = make_file(probe)
    try:
        os.posix_fallocate(descriptor, 0, ROOM_BYTES)
    finally:
        os.close(descriptor)
        probe.unlink()


def publish(made: Path, path: Path) -> None:
    """Let `made` appear at `path` in one step, unless another was quicker: then that one stays."""
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        if not path.exists():
            made.rename(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory survive a power loss."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
