"""The modems that were found: which ports are one modem, and what to put into the configuration."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from .identify import Identity
from .usb import UsbTty


@dataclass(frozen=True, slots=True)
class Found:
    """A port, and what answered on it."""

    device: str
    usb: UsbTty | None = None
    identity: Identity | None = None
    """None: nothing on this port speaks AT."""
    iccid: str | None = None
    problem: str | None = None
    """Why nothing is known, in one sentence."""
    profile: str | None = None
    also_at: str | None = None
    """The better port of the same modem, if this is its second one."""

    id: str | None = None
    """What the configuration may call it; no other modem of the scan is called so."""
    twin: bool = False
    """Another modem has the same IMEI."""

    @property
    def stanza(self) -> str | None:
        """The [[modem]] table to paste into the configuration; None where there is no modem.

        The daemon looks for modems behind USB only: another one is named by its device.
        """
        if self.identity is None or self.also_at is not None:
            return None
        if self.usb is None:
            place = self.device if "://" in self.device else str(Path(self.device).absolute())
            binding = f"device = {_toml(place)}"
        elif self.identity.imei is not None and not self.twin:
            binding = f'match = {{ imei = "{self.identity.imei}" }}'
        else:
            binding = f'match = {{ usb_path = "{self.usb.path}" }}'
        return f'[[modem]]\nid = "{self.id or self.plain_id}"\n{binding}\n'

    @property
    def plain_id(self) -> str:
        """An id made of the IMEI, or else the name of the port."""
        imei = self.identity.imei if self.identity is not None else None
        name = imei[-6:] if imei is not None else self.device.rpartition("/")[2]
        return "modem-" + (re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")[-40:] or "1")


def _toml(text: str) -> str:
    """`text` as a basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def merge(found: Sequence[Found]) -> list[Found]:
    """Mark the second ports: the same IMEI at the same USB device, or twice where there is none.

    Equal IMEIs in different plugs are two modems: clones exist. Each modem gets an id. Pure.
    """
    first: dict[tuple[str, str], str] = {}
    ids: set[str] = set()
    devices: Counter[str] = Counter()
    result = []
    for item in found:
        imei = item.identity.imei if item.identity is not None else None
        if imei is not None:
            key = (imei, item.usb.path if item.usb is not None else "")
            if key in first:
                item = replace(item, also_at=first[key])
            else:
                first[key] = item.device
                devices[imei] += 1
        if item.identity is not None and item.also_at is None:
            item = replace(item, id=_unused(item.plain_id, ids))
        result.append(item)
    twins = {imei for imei, many in devices.items() if many > 1}
    return [
        replace(item, twin=item.identity is not None and item.identity.imei in twins)
        for item in result
    ]


def _unused(name: str, used: set[str]) -> str:
    """`name`, with a number if it is used already."""
    numbered = (f"{name}-{number}" for number in count(2))
    free = next(n for n in chain([name], numbered) if n not in used)
    used.add(free)
    return free
