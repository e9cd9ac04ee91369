"""A process that runs somebody's program: begun clean, watched, and ended with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

from modemgw.gateway.deliveries.account import Account
from modemgw.gateway.deliveries.family import PROC, Family

GRACE_S = 2.0
"""From SIGTERM to SIGKILL, for a program that took too long."""
DISPENSABLE = "500"
"""Of 1000 (proc(5), oom_score_adj): when memory runs out, the kernel takes it from programs like
these before it takes it from the gateway."""

PASSED_ON = frozenset(
    {"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"}
)
"""What a program may need to know of the machine; LC_* too."""


def clean_environment(
    own: Mapping[str, str], account: Account | None = None, *, prefixes: tuple[str, ...] = ()
) -> dict[str, str]:
    """What a program gets of our environment: nothing that service manager or secrets put there.

    `prefixes`: of further names that are passed on.
    """
    kept = {
        name: value
        for name, value in own.items()
        if name in PASSED_ON or name.startswith(("LC_", *prefixes))
    }
    return {"PATH": os.defpath, **kept, **({} if account is None else account.environment)}


async def begin(
    command: Sequence[str],
    *,
    stdin: int,
    stdout: int,
    stderr: int,
    env: Mapping[str, str | bytes],
    account: Account | None = None,
    pass_fds: Sequence[int] = (),
) -> asyncio.subprocess.Process:
    """Begin a program in a session of its own, so that what it starts can be ended with it.

    Raises OSError or ValueError when it cannot be run.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=env,
        start_new_session=True,
        pass_fds=pass_fds,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else account.groups,
    )
    with contextlib.suppress(OSError):  # it has ended, or is another user's
        (PROC / str(process.pid) / "oom_score_adj").write_text(DISPENSABLE)
    return process


async def end(process: asyncio.subprocess.Process, grace_s: float | None = None) -> None:
    """End a program and all that it started: politely, then surely."""
    family = Family(process.pid)
    family.signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE_S if grace_s is None else grace_s):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        # What it started may live on without it, deaf to SIGTERM.
        family.signal(signal.SIGKILL)
    await process.wait()


def how_it_ended(code: int) -> str:
    """What an exit code as asyncio has it says."""
    return f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
