"""Commands of the SIM (TS 27.007 clauses 8.3, 8.18, 5.6, 7.1)."""

from __future__ import annotations

from modemgw.virtual.charset import to_charset
from modemgw.virtual.command import ACTION, ACTION_ON, PARAMETER, Command, Form
from modemgw.virtual.device import Device
from modemgw.virtual.errors import CmeError
from modemgw.virtual.running import DEFERRED, Reply
from modemgw.virtual.sim import PinState, Sim
from modemgw.virtual.table import Need, Table

TABLE = Table()

_EF_ICCID = 12258
_EF_IMSI = 28423
_EF_AD = 28589
_PIN_SECONDS = 0.5
PHONEBOOKS = {"SM": 10, "ON": 10}
"""AT+CPBS: names and sizes."""


@TABLE.on("+CPIN", need=Need.SIM, forms=PARAMETER)
def pin(device: Device, command: Command) -> Reply:
    """TS 27.007 8.3. A wrong PIN costs a try; three failures ask for the PUK."""
    sim = device.slot.inserted()
    if command.form is Form.TEST:
        return ()
    if command.form is Form.READ:
        line = f"+CPIN: {sim.pin_state.value}"
        if device.personality.pin_query_without_ok:
            device.announce(line)
            device.running.drop_answer()
            return DEFERRED
        return (line,)
    given = command.string(0)

    def try_it() -> None:
        if _let_in(sim, given, command):
            device.power.pin_given()
            device.running.complete()
            device.radio.changed()
        else:
            device.running.fail(CmeError(16 if sim.pin_state is PinState.PIN else 12))
            device.radio.changed()

    if sim.pin_state is PinState.READY:
        raise CmeError(3)
    device.running.later(_PIN_SECONDS, try_it)
    return DEFERRED


def _let_in(sim: Sim, given: str, command: Command) -> bool:
    if sim.pin_state is PinState.PUK:
        return sim.try_puk(given, command.string(1, ""))
    return sim.try_pin(given)


@TABLE.on("+CIMI", need=Need.UNLOCKED, forms=ACTION)
def imsi(device: Device, command: Command) -> Reply:
    """TS 27.007 5.6."""
    if command.form is Form.TEST:
        return ()
    prefix = "+CIMI: " if device.personality.identity_prefix else ""
    return (prefix + device.slot.imsi,)


_ICCID = ("+CCID", "+ICCID", "^ICCID", "#CCID", "+QCCID", "^SCID", "!ICCID", "+ZGETICCID")


@TABLE.on(*_ICCID, "+CICCID", forms=ACTION | {Form.READ}, own=True)
def iccid(device: Device, command: Command) -> Reply:
    """Every make has a command of its own for this."""
    form = dict(device.personality.iccid_commands)[command.name]
    if command.form is Form.TEST:
        return ()
    sim = device.slot.inserted()
    return (form.format(iccid=sim.iccid, swapped=_swapped(sim.iccid)),)


def _swapped(digits: str) -> str:
    """Digits as a file of the SIM holds them: nibbles swapped, F at the end."""
    padded = digits + "F" * (len(digits) % 2)
    return "".join(padded[i + 1] + padded[i] for i in range(0, len(padded), 2))


@TABLE.on("+CRSM", need=Need.SIM, forms=ACTION_ON)
def restricted_access(device: Device, command: Command) -> Reply:
    """TS 27.007 8.18: READ BINARY of EF_ICCID, EF_IMSI and EF_AD."""
    if command.form is Form.TEST:
        return ()
    if command.integer(0) != 176:
        return ('+CRSM: 109,0,""',)
    file = command.integer(1)
    length = command.integer(4, 0)
    if file == _EF_ICCID:
        content = _swapped(device.slot.iccid)
    elif file == _EF_IMSI and device.slot.problem(unlocked=True) is None:
        content = "08" + _swapped("9" + device.slot.imsi)
    elif file == _EF_AD:
        content = "00000002"
    else:
        return ('+CRSM: 106,130,""',)
    shown = content[: 2 * length] if length else content
    return (f'+CRSM: 144,0,"{shown}"',)


@TABLE.on("+CNUM", need=Need.UNLOCKED, forms=ACTION)
def own_number(device: Device, command: Command) -> Reply:
    """TS 27.007 7.1."""
    if command.form is Form.TEST:
        return ()
    number = to_charset(device.parameters.charset, device.slot.number)
    return (f'+CNUM: "","{number}",145',)


@TABLE.on("+CLCK", need=Need.UNLOCKED, forms=ACTION_ON)
def lock(device: Device, command: Command) -> Reply:
    """TS 27.007 7.4: only whether the SIM has a PIN."""
    if command.form is Form.TEST:
        return ('+CLCK: ("SC")',)
    if command.string(0).upper() != "SC":
        raise CmeError(4)
    sim = device.slot.inserted()
    mode = command.integer(1)
    if mode == 2:
        return (f"+CLCK: {int(sim.pin is not None)}",)
    if sim.pin is not None and not sim.try_pin(command.string(2)):
        raise CmeError(16)
    sim.pin = command.string(2) if mode == 1 else None
    return ()


@TABLE.on("+CPBS", forms=PARAMETER)
def phonebook_storage(device: Device, command: Command) -> Reply:
    """TS 27.007 8.11: the SIM's phone book, empty, and the own numbers.

    Which one is chosen can be asked whatever the SIM's state; without one it has no places.
    """
    if command.form is Form.TEST:
        return ("+CPBS: (" + ",".join(f'"{name}"' for name in PHONEBOOKS) + ")",)
    name = device.phonebook
    problem = device.slot.problem(unlocked=True)
    if command.form is Form.READ:
        size = PHONEBOOKS[name] if problem is None else 0
        used = int(name == "ON" and size > 0)
        return (f'+CPBS: "{name}",{used},{size}',)
    name = command.string(0)
    if name not in PHONEBOOKS:
        raise CmeError(4)
    if problem is not None:
        raise CmeError(problem)
    device.phonebook = name
    return ()


@TABLE.on("+CPBR", need=Need.UNLOCKED, forms=ACTION_ON)
def phonebook_read(device: Device, command: Command) -> Reply:
    """TS 27.007 8.12."""
    size = PHONEBOOKS[device.phonebook]
    if command.form is Form.TEST:
        return (f"+CPBR: (1-{size}),20,14",)
    first = command.integer(0)
    last = command.integer(1, first)
    if not 1 <= first <= last <= size:
        raise CmeError(21)
    if device.phonebook == "ON" and first == 1:
        number = to_charset(device.parameters.charset, device.slot.number)
        return (f'+CPBR: 1,"{number}",145,""',)
    return ()


_TRIES_LEFT = ("^CPIN", "+QPINC", "#PCT", "^SPIC", "+UPINCNT", "+CPINC", "+SPIC")


@TABLE.on(*_TRIES_LEFT, need=Need.SIM, own=True)
def tries_left(device: Device, command: Command) -> Reply:
    """How many PIN tries are left; every make has a command of its own."""
    counter = device.personality.pin_counter
    assert counter is not None
    sim = device.slot.inserted()
    form = counter[1]
    return (form.format(pin=sim.pin_tries, puk=sim.puk_tries, state=sim.pin_state.value),)
