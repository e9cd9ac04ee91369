"""The data directory, its disk, and the database in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from modemgw.cli.doctor.finding import Finding, ok, problem, warning
from modemgw.cli.doctor.machine import User
from modemgw.store import StoreError
from modemgw.store.sqlite import FILE_NAME, opening, schema
from modemgw.store.sqlite.files import ROOM_BYTES

LITTLE_SHARE = 0.05
LITTLE_BYTES = 1 << 30
"""A disk is nearly full with less than both of these left."""


def directory(data_dir: Path, user: User) -> Iterator[Finding]:
    """Whether the daemon may write there."""
    about = "data directory"
    if not data_dir.is_dir():
        yield warning(
            about,
            f"{data_dir} is not there yet",
            f"the daemon makes it when it may; else: install -d -m 700 -o {user.name} {data_dir}",
        )
    elif not user.may(data_dir, 7):
        yield problem(
            about,
            f"the user {user.name}, who runs the daemon, may not write to {data_dir}",
            f"chown -R {user.name} {data_dir}",
        )
    elif data_dir.stat().st_mode & 0o077:
        yield warning(
            about, f"others may look into {data_dir}: messages are there", f"chmod 700 {data_dir}"
        )
    else:
        yield ok(about, f"{data_dir} belongs to {user.name} alone")


def disk(data_dir: Path) -> Iterator[Finding]:
    """Whether there is room on it."""
    place = next(one for one in (data_dir, *data_dir.parents) if one.exists())
    usage = shutil.disk_usage(place)
    free = f"{usage.free / (1 << 30):.1f} GB of {usage.total / (1 << 30):.1f} GB are free"
    advice = "free some, or keep less: [retention] in the configuration, then modemgw db vacuum"
    if usage.free < ROOM_BYTES:
        yield problem("disk", f"it is full: nothing is accepted any more ({free})", advice)
    elif usage.free < LITTLE_BYTES and usage.free < LITTLE_SHARE * usage.total:
        yield warning("disk", f"it is nearly full: {free}", advice)
    else:
        yield ok("disk", free)


def database(data_dir: Path) -> Iterator[Finding]:
    """Whether this version can use it."""
    path = data_dir / FILE_NAME
    about = "database"
    if not path.exists():
        yield ok(about, "there is none yet; the daemon makes one")
        return
    try:
        db = opening.inspect(path)
    except (StoreError, OSError) as error:
        yield problem(about, str(error), "see docs/store.md; a backup can be put in its place")
        return
    try:
        newer, older = schema.unknown(db), schema.missing(db)
    except Exception as error:
        yield problem(
            about, f"{path} cannot be read: {error}", f"modemgw db check --data-dir {data_dir}"
        )
        return
    finally:
        db.close()
    if newer:
        yield problem(
            about,
            f"{path} was written by a newer modemgw (it has {', '.join(newer)})",
            "install that version again, or put back a backup of before",
        )
    elif older:
        yield warning(
            about,
            f"{path} was written by an older modemgw",
            "modemgw serve brings it up to date, after a copy",
        )
    else:
        yield ok(about, f"{path}, {path.stat().st_size / (1 << 20):.1f} MB")
