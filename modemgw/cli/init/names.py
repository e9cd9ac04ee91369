"""udev rules that give each modem's port a name that stays: /dev/modemgw/ID, by plug and interface.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from modemgw.modem import Found

_HEAD = """\
# Written by `modemgw init`: the AT port of each modem, by its plug and interface, as
# /dev/modemgw/ID. A modem that moves to another plug gets its name when init runs again.
"""
_NAME = re.compile(r'SYMLINK\+="modemgw/([^"]+)"')


def rules(modems: Iterable[Found], before: str = "") -> str:
    """The file for these modems; names of others in the file as it was before are kept.

    One that has no USB, or no interface number, gets no name.
    """
    lines = {match[1]: line for line in before.splitlines() if (match := _NAME.search(line))}
    for item in modems:
        if item.usb is None or item.usb.interface is None or item.id is None:
            continue
        here = f"{item.usb.path}:*.{item.usb.interface}"
        lines = {name: line for name, line in lines.items() if f'"{here}"' not in line}
        lines[item.id] = (
            f'ACTION!="remove", SUBSYSTEM=="tty", KERNELS=="{here}", SYMLINK+="modemgw/{item.id}"'
        )
    return _HEAD + "".join(f"{lines[name]}\n" for name in sorted(lines))
