"""The configuration file that is written: a new one, or what modems add to one that is there."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

from modemgw.config import Config, ConfigError, ModemSection, parse
from modemgw.modem import Found


def fresh(data_dir: Path, region: str, listen: str) -> str:
    """A configuration without modems."""
    return (
        "# Written by `modemgw init`. `modemgw config show` has all other settings and their\n"
        "# values; check what you change with `modemgw config check`.\n\n"
        f"[gateway]\ndata_dir = {_quoted(str(data_dir))}\ndefault_region = {_quoted(region)}\n\n"
        f"[http]\nlisten = {_quoted(listen)}\n"
    )


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def new_modems(config: Config, found: Iterable[Found]) -> list[Found]:
    """Those that the configuration does not have yet, under ids that are not in use."""
    used = {modem.id for modem in config.modem}
    new = []
    for item in found:
        if item.stanza is None or any(_is(modem, item) for modem in config.modem):
            continue
        name = item.id or item.plain_id
        names = chain([name], (f"{name}-{number}" for number in count(2)))
        free = next(one for one in names if one not in used)
        used.add(free)
        new.append(replace(item, id=free))
    return new


def known_modems(config: Config, found: Iterable[Found]) -> list[Found]:
    """Those that the configuration has, under the ids that it has for them."""
    return [
        replace(item, id=modem.id)
        for item in found
        if item.stanza is not None
        for modem in config.modem
        if _is(modem, item)
    ]


def _is(modem: ModemSection, item: Found) -> bool:
    """Whether the configuration means this one, however it names it."""
    if modem.device is not None:
        return modem.device == item.device or (
            "://" not in modem.device and _file(modem.device) == _file(item.device)
        )
    match, identity = modem.match, item.identity
    assert match is not None, "a modem has a device or a match"
    if match.usb_path is not None:
        return item.usb is not None and item.usb.path == match.usb_path
    if match.iccid is not None:
        return item.iccid is not None and item.iccid.rstrip("Ff") == match.iccid.rstrip("Ff")
    imei = None if identity is None or item.twin else identity.imei
    # The last digit is a check digit, which some modems replace.
    return imei is not None and match.imei is not None and imei[:14] == match.imei[:14]


def _file(device: str) -> Path:
    return Path(device).resolve()


def with_modems(text: str, found: Sequence[Found]) -> str:
    """`text` with a table for each modem at its end."""
    stanzas = [item.stanza for item in found if item.stanza is not None]
    return "\n".join([text if text.endswith("\n") else f"{text}\n", *stanzas]) if stanzas else text


def checked(text: str, file: Path) -> Config:
    """What `text` means. Raises ConfigError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            [f"{file}: modems cannot be added to it ({error}); add what `modemgw modems scan` says"]
        ) from error
    return parse(document, source=str(file))


def write(text: str, file: Path, *, group: int | None = None) -> None:
    """As a whole or not at all, with the rights that the file has; a new one is for `group`, too.

    Raises OSError.
    """
    file = file.resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as to:
        to.write(text)
        to.flush()
        os.fsync(to.fileno())
    if file.exists():
        was = file.stat()
        os.chown(fresh, was.st_uid, was.st_gid)
        fresh.chmod(was.st_mode & 0o777)
    else:
        if group is not None:
            os.chown(fresh, -1, group)
        fresh.chmod(0o640)
    fresh.replace(file)
