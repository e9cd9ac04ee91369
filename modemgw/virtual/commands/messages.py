"""Commands that send, and write to a store what is to be sent (TS 27.005 3.5)."""

from __future__ import annotations

from modemgw.virtual.command import ACTION, ACTION_ON, Command, Form
from modemgw.virtual.device import Device
from modemgw.virtual.errors import CmsError
from modemgw.virtual.running import Reply
from modemgw.virtual.sending import Purpose
from modemgw.virtual.store import Status
from modemgw.virtual.table import Need, Table

TABLE = Table()

_PDU_LENGTHS = range(7, 165)
"""TPDU octets of a SUBMIT with its shortest and longest fields."""


@TABLE.on("+CMGS", need=Need.UNLOCKED, sms=True, forms=ACTION | ACTION_ON)
def send_message(device: Device, command: Command) -> Reply:
    """TS 27.005 3.5.1 and 4.3."""
    if command.form is Form.TEST:
        return ()
    if device.text.on:
        return device.sender.open_entry(Purpose.SEND, destination=device.text.number(command, 0))
    length = command.integer(0)
    if length not in _PDU_LENGTHS:
        raise CmsError(304)
    return device.sender.open_entry(Purpose.SEND, length=length)


@TABLE.on("+CMGW", need=Need.UNLOCKED, sms=True, forms=ACTION | ACTION_ON)
def write_message(device: Device, command: Command) -> Reply:
    """TS 27.005 3.5.3 and 4.4."""
    if command.form is Form.TEST:
        return ()
    if device.text.on:
        return device.sender.open_entry(Purpose.WRITE, destination=device.text.number(command, 0))
    stat = command.integer(1, Status.UNSENT)
    if stat not in range(4):
        raise CmsError(303)
    return device.sender.open_entry(Purpose.WRITE, length=command.integer(0), stat=Status(stat))


@TABLE.on("+CMSS", need=Need.UNLOCKED, sms=True, forms=ACTION_ON)
def send_from_storage(device: Device, command: Command) -> Reply:
    """TS 27.005 3.5.2, without its change of destination."""
    if command.form is Form.TEST:
        return ()
    stored = device.storage.named(device.memories[1]).get(command.integer(0))
    if stored is None:
        raise CmsError(321)
    return device.sender.send_stored(stored)
