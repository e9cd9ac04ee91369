"""Commands of the message service (TS 27.005 clauses 3 and 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.virtual.commands import (
    ACTION,
    ACTION_ON,
    PARAMETER,
    CmsError,
    Command,
    Form,
    Need,
    Reply,
    Table,
)
from modemgw.virtual.commands_general import new_values
from modemgw.virtual.parameters import ranges_text
from modemgw.virtual.personalities import EmptySlot
from modemgw.virtual.sending import Purpose
from modemgw.virtual.store import TEXT_STATUS, AnyStore, MessageStore, Status, Stored
from modemgw.virtual.textmode import entry_in_text_mode, number_given, to_charset

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem

TABLE = Table()

_PDU_LENGTHS = range(7, 165)
"""TPDU octets of a SUBMIT with its shortest and longest fields."""


@TABLE.on("+CMGF", "+CMMS", sms=True, forms=PARAMETER)
def message_parameter(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.2.3, 3.5.6."""
    name = command.name
    allowed = modem.parameters.allowed(name)
    if command.form is Form.TEST:
        return (f"{name}: {ranges_text(allowed)}",)
    if command.form is Form.READ:
        return (f"{name}: {modem.parameters[name][0]}",)
    value = command.integer(0, 0)
    if value not in allowed[0]:
        raise CmsError(500 if name == "+CMMS" else 303)
    modem.parameters[name] = (value,)
    if name == "+CMMS":
        modem.sender.keep_link()
    return ()


@TABLE.on("+CSMS", sms=True, forms=PARAMETER)
def message_service(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.2.1."""
    if command.form is Form.TEST:
        return (f"+CSMS: {ranges_text(modem.parameters.allowed('+CSMS'))}",)
    if command.form is Form.READ:
        service = modem.parameters["+CSMS"][0]
        return (modem.personality.csms_answer.format(service=service),)
    modem.parameters["+CSMS"] = new_values(modem, command)
    return ("+CSMS: 1,1,1",)


@TABLE.on("+CNMI", sms=True, forms=PARAMETER)
def indications(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.4.1, within what the make accepts."""
    make = modem.personality
    if command.form is Form.TEST:
        return (f"+CNMI: {make.cnmi_advertised or ranges_text(make.cnmi.fields())}",)
    if command.form is Form.READ:
        return (f"+CNMI: {','.join(map(str, modem.parameters['+CNMI']))}",)
    present = (0,) * 5 if make.cnmi_omitted_is_zero else modem.parameters["+CNMI"]
    values = tuple(command.integer(i, value) for i, value in enumerate(present))
    if len(command.values) > 5 or not make.cnmi.takes(values):
        raise CmsError(303)
    direct = values[1] in (2, 3) or values[3] == 1
    if direct and make.direct_needs_csms1 and modem.parameters["+CSMS"][0] == 0:
        raise CmsError(303)
    if modem.faults.dropped_cnmi:
        modem.faults.dropped_cnmi -= 1
        return ()
    if make.cnmi_ignored is not None and not make.cnmi_ignored.takes(values):
        return ()
    modem.parameters["+CNMI"] = values
    if values[0] != 0:
        modem.receiver.mode_changed(clear=values[4] == 1)
    return ()


@TABLE.on("+CNMA", sms=True, forms=ACTION | ACTION_ON)
def acknowledge(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.4.4."""
    if command.form is Form.TEST:
        return ("+CNMA: (0-2)",)
    n = command.integer(0, 0) if command.form is Form.SET else 0
    length = command.integer(1, 0) if command.form is Form.SET else 0
    if n not in (0, 1, 2):
        raise CmsError(303)
    if length and not modem.personality.acknowledge_with_pdu:
        raise CmsError(303)
    if not modem.receiver.awaits_acknowledgement:
        raise CmsError(340)
    if length:
        return modem.sender.open_entry(Purpose.ACKNOWLEDGE, length=length, refuse=n == 2)
    modem.receiver.acknowledge(accepted=n != 2)
    return ()


# stores


def _memories(modem: VirtualModem) -> str:
    names = [*modem.personality.stores]
    if modem.personality.combined_store:
        names.append("MT")
    return ",".join(f'"{name}"' for name in names)


@TABLE.on("+CPMS", need=Need.UNLOCKED, sms=True, forms=PARAMETER)
def preferred_storage(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.2.2: mem1 read and delete, mem2 write and send, mem3 receive."""
    make = modem.personality
    memories = modem.memories[: make.cpms_arguments]
    if command.form is Form.TEST:
        writable = ",".join(
            f'"{name}"' for name in (*make.stores, "MT") if name not in ("SR", "BM")
        )
        if not make.combined_store:
            writable = writable.removesuffix(',"MT"')
        others = 1 if make.cpms_nested else make.cpms_arguments - 1
        lists = [f"({_memories(modem)})", *[f"({writable})"] * others]
        joined = ",".join(lists)
        return (f"+CPMS: ({joined})" if make.cpms_nested else f"+CPMS: {joined}",)
    if command.form is Form.READ:
        return ("+CPMS: " + ",".join(_usage(modem, name, named=True) for name in memories),)
    names = [name or "" for name in command.values]
    if not 1 <= len(names) <= make.cpms_arguments:
        raise CmsError(302)
    for name in names:
        modem.store_named(name)
    if any(name in ("SR", "BM") for name in names[1:]):
        raise CmsError(302)
    if names[0] == "SR" and not make.report_store_readable:
        return ("+CPMS: 0,0," + ",".join(_usage(modem, name) for name in memories[1:]),)
    modem.memories[: len(names)] = names
    memories[: len(names)] = names
    return ("+CPMS: " + ",".join(_usage(modem, name) for name in memories),)


def _usage(modem: VirtualModem, name: str, *, named: bool = False) -> str:
    store = modem.store_named(name)
    counts = f"{len(store)},{store.size}"
    return f'"{name}",{counts}' if named else counts


def _reading_store(modem: VirtualModem) -> AnyStore:
    name = modem.memories[0]
    if name in modem.personality.unlistable:
        return MessageStore(name, 0)
    return modem.store_named(name)


@TABLE.on("+CMGL", need=Need.UNLOCKED, sms=True, forms=ACTION | ACTION_ON)
def list_messages(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.4.2 and 4.1."""
    words = {text: status for status, text in TEXT_STATUS.items()}
    if command.form is Form.TEST:
        shown = ",".join(f'"{text}"' for text in words) if modem.text_mode else "0-4"
        return (f"+CMGL: ({shown})",)
    wanted = _wanted(modem, command, words)
    lines: list[str] = []
    for index, stored in _reading_store(modem):
        if wanted is Status.ALL or stored.status is wanted:
            lines.append(_entry(modem, f"+CMGL: {index},", stored, listing=True))
            if stored.status is Status.UNREAD:
                stored.status = Status.READ
    if modem.personality.glued_list and lines:
        return ("".join(lines),)
    return lines


def _wanted(modem: VirtualModem, command: Command, words: dict[str, Status]) -> Status:
    value = command.string(0, "") if command.form is Form.SET else ""
    if modem.text_mode or modem.personality.list_needs_words:
        status = words.get(value.upper() or "REC UNREAD")
        if status is None:
            raise CmsError(305 if modem.text_mode else 303)
        return status
    if not value:
        return Status.UNREAD
    if value not in ("0", "1", "2", "3", "4"):
        raise CmsError(303)
    return Status(int(value))


def _entry(modem: VirtualModem, prefix: str, stored: Stored, *, listing: bool) -> str:
    if modem.text_mode:
        return entry_in_text_mode(modem, prefix, stored, listing=listing)
    pdu = stored.pdu.lower() if modem.personality.lower_case_pdu else stored.pdu
    blank = "\r\n" if modem.personality.blank_before_pdu else ""
    stat, length = stored.status.value, len(stored.tpdu)
    header = (
        f"{prefix}{stat},,{length}"
        if listing
        else modem.personality.read_header.format(stat=stat, length=length)
    )
    return f"{header}\r\n{blank}{pdu}"


@TABLE.on("+CMGR", need=Need.UNLOCKED, sms=True, forms=ACTION_ON)
def read_message(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.4.3 and 4.2."""
    if command.form is Form.TEST:
        return ()
    store = _reading_store(modem)
    index = command.integer(0)
    stored = store.get(index)
    if stored is None:
        if not store.valid(index) or modem.personality.empty_slot is EmptySlot.INVALID_INDEX:
            raise CmsError(321)
        return ("+CMGR: 0,,0",) if modem.personality.empty_slot is EmptySlot.ZERO else ()
    line = _entry(modem, "+CMGR: ", stored, listing=False)
    if stored.status is Status.UNREAD:
        stored.status = Status.READ
    return (line,)


_DELETED_BY_FLAG = {
    1: (Status.READ,),
    2: (Status.READ, Status.SENT),
    3: (Status.READ, Status.SENT, Status.UNSENT),
    4: (Status.UNREAD, Status.READ, Status.SENT, Status.UNSENT),
}


@TABLE.on("+CMGD", need=Need.UNLOCKED, sms=True, forms=ACTION_ON)
def delete_message(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.5.4."""
    store = _reading_store(modem)
    if command.form is Form.TEST:
        indices = ",".join(str(index) for index, _ in store)
        return (f"+CMGD: ({indices}),(0-4)",)
    index, flag = command.integer(0), command.integer(1, 0)
    if flag == 0:
        if not store.valid(index):
            raise CmsError(321)
        removed = store.remove(index)
    else:
        statuses = _DELETED_BY_FLAG.get(flag)
        if statuses is None:
            raise CmsError(303)
        doomed = [i for i, stored in store if stored.status in statuses]
        for i in doomed:
            store.remove(i)
        removed = bool(doomed)
    if removed:
        modem.receiver.room_made()
    return ()


# sending


@TABLE.on("+CMGS", need=Need.UNLOCKED, sms=True, forms=ACTION | ACTION_ON)
def send_message(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.5.1 and 4.3."""
    if command.form is Form.TEST:
        return ()
    if modem.text_mode:
        return modem.sender.open_entry(Purpose.SEND, destination=number_given(modem, command, 0))
    length = command.integer(0)
    if length not in _PDU_LENGTHS:
        raise CmsError(304)
    return modem.sender.open_entry(Purpose.SEND, length=length)


@TABLE.on("+CMGW", need=Need.UNLOCKED, sms=True, forms=ACTION | ACTION_ON)
def write_message(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.5.3 and 4.4."""
    if command.form is Form.TEST:
        return ()
    if modem.text_mode:
        return modem.sender.open_entry(Purpose.WRITE, destination=number_given(modem, command, 0))
    stat = command.integer(1, Status.UNSENT)
    if stat not in range(4):
        raise CmsError(303)
    return modem.sender.open_entry(Purpose.WRITE, length=command.integer(0), stat=Status(stat))


@TABLE.on("+CMSS", need=Need.UNLOCKED, sms=True, forms=ACTION_ON)
def send_from_storage(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.5.2, without its change of destination."""
    if command.form is Form.TEST:
        return ()
    stored = modem.store_named(modem.memories[1]).get(command.integer(0))
    if stored is None:
        raise CmsError(321)
    return modem.sender.send_stored(stored)


@TABLE.on("+CSCA", need=Need.UNLOCKED, sms=True, forms=PARAMETER)
def service_centre(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.005 3.3.1: written to the SIM."""
    if command.form is Form.TEST:
        return ()
    sim = modem.inserted()
    if command.form is Form.READ:
        kind = 145 if sim.smsc.startswith("+") else 129
        return (f'+CSCA: "{to_charset(modem.parameters.charset, sim.smsc)}",{kind}',)
    sim.smsc = number_given(modem, command, 0)
    modem.faults.smsc_unread = False
    return ()


@TABLE.on("+CSCB", forms=PARAMETER)
@TABLE.on("+CSAS", "+CRES", forms=ACTION | ACTION_ON)
def taken_and_forgotten(modem: VirtualModem, command: Command) -> Reply:
    """Cell broadcast and the saving of message settings."""
    if command.form is Form.READ:
        return ('+CSCB: 0,"",""',)
    return ()
