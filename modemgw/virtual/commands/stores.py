"""Commands of the message stores: choose, list, read, delete (TS 27.005 3.2.2, 3.4, 3.5.4)."""

from __future__ import annotations

from modemgw.virtual.command import ACTION, ACTION_ON, PARAMETER, Command, Form
from modemgw.virtual.device import Device
from modemgw.virtual.errors import CmsError
from modemgw.virtual.personalities import EmptySlot
from modemgw.virtual.running import Reply
from modemgw.virtual.store import TEXT_STATUS, AnyStore, MessageStore, Status, Stored
from modemgw.virtual.table import Need, Table

TABLE = Table()


def _memories(device: Device) -> str:
    names = [*device.personality.stores]
    if device.personality.combined_store:
        names.append("MT")
    return ",".join(f'"{name}"' for name in names)


@TABLE.on("+CPMS", need=Need.UNLOCKED, sms=True, forms=PARAMETER)
def preferred_storage(device: Device, command: Command) -> Reply:
    """TS 27.005 3.2.2: mem1 read and delete, mem2 write and send, mem3 receive."""
    make = device.personality
    memories = device.memories[: make.cpms_arguments]
    if command.form is Form.TEST:
        writable = ",".join(
            f'"{name}"' for name in (*make.stores, "MT") if name not in ("SR", "BM")
        )
        if not make.combined_store:
            writable = writable.removesuffix(',"MT"')
        others = 1 if make.cpms_nested else make.cpms_arguments - 1
        lists = [f"({_memories(device)})", *[f"({writable})"] * others]
        joined = ",".join(lists)
        return (f"+CPMS: ({joined})" if make.cpms_nested else f"+CPMS: {joined}",)
    if command.form is Form.READ:
        return ("+CPMS: " + ",".join(_usage(device, name, named=True) for name in memories),)
    names = [name or "" for name in command.values]
    if not 1 <= len(names) <= make.cpms_arguments:
        raise CmsError(302)
    for name in names:
        device.storage.named(name)
    if any(name in ("SR", "BM") for name in names[1:]):
        raise CmsError(302)
    if names[0] == "SR" and not make.report_store_readable:
        return ("+CPMS: 0,0," + ",".join(_usage(device, name) for name in memories[1:]),)
    device.memories[: len(names)] = names
    memories[: len(names)] = names
    return ("+CPMS: " + ",".join(_usage(device, name) for name in memories),)


def _usage(device: Device, name: str, *, named: bool = False) -> str:
    store = device.storage.named(name)
    counts = f"{len(store)},{store.size}"
    return f'"{name}",{counts}' if named else counts


def _reading_store(device: Device) -> AnyStore:
    name = device.memories[0]
    if name in device.personality.unlistable:
        return MessageStore(name, 0)
    return device.storage.named(name)


@TABLE.on("+CMGL", need=Need.UNLOCKED, sms=True, forms=ACTION | ACTION_ON)
def list_messages(device: Device, command: Command) -> Reply:
    """TS 27.005 3.4.2 and 4.1."""
    words = {text: status for status, text in TEXT_STATUS.items()}
    if command.form is Form.TEST:
        shown = ",".join(f'"{text}"' for text in words) if device.text.on else "0-4"
        return (f"+CMGL: ({shown})",)
    wanted = _wanted(device, command, words)
    lines: list[str] = []
    for index, stored in _reading_store(device):
        if wanted is Status.ALL or stored.status is wanted:
            lines.append(_entry(device, f"+CMGL: {index},", stored, listing=True))
            if stored.status is Status.UNREAD:
                stored.status = Status.READ
    if device.personality.glued_list and lines:
        return ("".join(lines),)
    return lines


def _wanted(device: Device, command: Command, words: dict[str, Status]) -> Status:
    value = command.string(0, "") if command.form is Form.SET else ""
    if device.text.on or device.personality.list_needs_words:
        status = words.get(value.upper() or "REC UNREAD")
        if status is None:
            raise CmsError(305 if device.text.on else 303)
        return status
    if not value:
        return Status.UNREAD
    if value not in ("0", "1", "2", "3", "4"):
        raise CmsError(303)
    return Status(int(value))


def _entry(device: Device, prefix: str, stored: Stored, *, listing: bool) -> str:
    if device.text.on:
        return device.text.entry(prefix, stored, listing=listing)
    pdu = stored.pdu.lower() if device.personality.lower_case_pdu else stored.pdu
    blank = "\r\n" if device.personality.blank_before_pdu else ""
    stat, length = stored.status.value, len(stored.tpdu)
    header = (
        f"{prefix}{stat},,{length}"
        if listing
        else device.personality.read_header.format(stat=stat, length=length)
    )
    return f"{header}\r\n{blank}{pdu}"


@TABLE.on("+CMGR", need=Need.UNLOCKED, sms=True, forms=ACTION_ON)
def read_message(device: Device, command: Command) -> Reply:
    """TS 27.005 3.4.3 and 4.2."""
    if command.form is Form.TEST:
        return ()
    store = _reading_store(device)
    index = command.integer(0)
    stored = store.get(index)
    if stored is None:
        if not store.valid(index) or device.personality.empty_slot is EmptySlot.INVALID_INDEX:
            raise CmsError(321)
        return ("+CMGR: 0,,0",) if device.personality.empty_slot is EmptySlot.ZERO else ()
    line = _entry(device, "+CMGR: ", stored, listing=False)
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
def delete_message(device: Device, command: Command) -> Reply:
    """TS 27.005 3.5.4."""
    store = _reading_store(device)
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
        device.receiver.room_made()
    return ()
