"""What root does in the service's directory, it does with the service's rights.

That directory belongs to somebody with less rights than root: he may have put links there. With
his rights nothing can be done through them that he could not do himself, and what is made is his.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click


@contextmanager
def as_owner_of(directory: Path) -> Iterator[None]:
    """As root: act as the owner of `directory`, if it is there; as anybody else: as before.

    Raises ClickException for a directory that somebody else has put in place of his own.
    """
    owner = _owner(directory) if os.geteuid() == 0 else None
    if owner is None:
        yield
        return
    uid, gid = owner
    groups, group = os.getgroups(), os.getegid()
    try:
        os.setgroups([gid])
        os.setegid(gid)
        os.seteuid(uid)
        yield
    except PermissionError as error:
        raise click.ClickException(
            f"{error.strerror}: {error.filename or directory}, with the rights of its owner "
            f"(user {uid}); run this as that user"
        ) from error
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def _owner(directory: Path) -> tuple[int, int] | None:
    """The user and group that `directory` belongs to; None if it is not there, or root's."""
    try:
        # One look at what is opened: whatever takes its place later, its owner's rights are used.
        found = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # the store says what is wrong with it
        return None
    try:
        of = os.fstat(found)
    finally:
        os.close(found)
    links = [path for path in (directory, *directory.parents) if path.is_symlink()]
    if any(link.lstat().st_uid not in (0, of.st_uid) for link in links):
        raise click.ClickException(
            f"{directory} leads through a link of somebody else to a directory of user "
            f"{of.st_uid}; name the directory itself (gateway.data_dir, or --data-dir)"
        )
    return (of.st_uid, of.st_gid) if of.st_uid != 0 else None
