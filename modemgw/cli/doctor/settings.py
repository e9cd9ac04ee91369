"""The configuration file: valid, and its secrets kept."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from modemgw.api.tls import TlsError, open_tls
from modemgw.cli.config import check_handlers, check_modems
from modemgw.cli.doctor.finding import Finding, ok, problem, warning
from modemgw.cli.doctor.machine import User
from modemgw.config import Config, ConfigError

ABOUT = "configuration"


def file(path: Path, config: Config, user: User) -> Iterator[Finding]:
    """Whether it can be used as it is, by whoever runs the daemon."""
    problems: list[str] = []
    for check in (check_modems, check_handlers):
        try:
            check(config)
        except ConfigError as error:
            problems += error.problems
    try:
        open_tls(config.http)
    except TlsError as error:
        problems.append(str(error))
    for one in problems:
        yield problem(ABOUT, one, f"correct it in {path}, then: modemgw config check")
    if not user.may(path, 4):
        yield problem(
            ABOUT,
            f"the user {user.name}, who runs the daemon, may not read {path}",
            f"chgrp {user.name} {path}; chmod 640 {path}",
        )
    if not config.modem:
        yield problem(
            ABOUT, "there are no modems in it", "modemgw modems scan shows what to put into it"
        )
    elif not problems:
        yield ok(ABOUT, f"{path} is valid")


def secrets(path: Path, config: Config) -> Iterator[Finding]:
    """Whether others may read PINs, or the password of the mail server."""
    files = [path] if any(modem.pin is not None for modem in config.modem) else []
    files += [modem.pin_file for modem in config.modem if modem.pin_file is not None]
    passwords: list[Path] = []
    if config.smtp is not None and config.smtp.password is not None:
        passwords.append(path)
    elif config.smtp is not None and config.smtp.password_file is not None:
        passwords.append(config.smtp.password_file)
    for one in dict.fromkeys(files + passwords):
        try:
            mode = one.stat().st_mode
        except OSError:
            continue  # told of above
        if mode & stat.S_IROTH:
            what = "PINs" if one in files else "a password"
            yield warning("secrets", f"everybody may read {what} in {one}", f"chmod o-rwx {one}")
