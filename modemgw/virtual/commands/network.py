"""Commands of network, signal, calls and USSD (TS 27.007 clauses 6, 7, 8.5)."""

from __future__ import annotations

from modemgw.virtual.charset import to_charset
from modemgw.virtual.command import ACTION, PARAMETER, Command, Form
from modemgw.virtual.device import Device
from modemgw.virtual.errors import CmeError, CommandError
from modemgw.virtual.parameters import ranges_text
from modemgw.virtual.running import DEFERRED, Reply
from modemgw.virtual.table import Need, Table

TABLE = Table()

_SCAN_SECONDS = 20.0


@TABLE.on("+CREG", "+CGREG", "+CEREG", forms=PARAMETER)
def registration(device: Device, command: Command) -> Reply:
    """TS 27.007 7.2, 10.1.20, 10.1.22."""
    name = command.name
    if name == "+CEREG" and not device.personality.eps:
        raise CommandError
    if command.form is Form.TEST:
        return (f"{name}: {ranges_text(device.parameters.allowed(name))}",)
    if command.form is Form.SET:
        device.parameters[name] = device.parameters.asked_for(command)
        return ()
    level = device.parameters[name][0]
    place = device.radio.place() if level == 2 else ""
    return (f"{name}: {level},{device.radio.stat}{place}",)


@TABLE.on("+COPS", need=Need.UNLOCKED, forms=PARAMETER)
def operator(device: Device, command: Command) -> Reply:
    """TS 27.007 7.3."""
    radio, settings = device.radio, device.settings
    if command.form is Form.TEST:
        name = to_charset(device.parameters.charset, settings.operator)
        found = f'(2,"{name}","{name}","{settings.plmn}",{device.personality.technology})'
        device.running.abortable()
        answer = [f"+COPS: {found},,(0-4),(0-2)"]
        device.running.later(_SCAN_SECONDS, lambda: device.running.complete(answer))
        return DEFERRED
    if command.form is Form.READ:
        mode = 2 if radio.deselected else radio.selection
        if not radio.registered:
            return (f"+COPS: {mode}",)
        name = settings.plmn
        if radio.name_format != 2:
            name = to_charset(device.parameters.charset, settings.operator)
        return (f'+COPS: {mode},{radio.name_format},"{name}",{device.personality.technology}',)
    mode = command.integer(0)
    if mode == 3:
        radio.name_format = command.integer(1, 0)
        return ()
    if mode not in (0, 1, 2, 4):
        raise CmeError(50)

    def done() -> None:
        radio.deselected = mode == 2
        if mode != 2:
            radio.selection = mode
        device.running.complete()
        radio.changed()

    device.running.later(1.0, done)
    return DEFERRED


@TABLE.on("+CSQ", forms=ACTION)
def signal_quality(device: Device, command: Command) -> Reply:
    """TS 27.007 8.5."""
    if command.form is Form.TEST:
        return ("+CSQ: (0-31,99),(0-7,99)",)
    return (f"+CSQ: {device.radio.rssi},99",)


@TABLE.on("+CESQ", forms=ACTION)
def extended_signal_quality(device: Device, command: Command) -> Reply:
    """TS 27.007 8.69."""
    if command.form is Form.TEST:
        return ("+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)",)
    if not device.radio.registered:
        return ("+CESQ: 99,99,255,255,255,255",)
    return (f"+CESQ: 99,99,255,255,20,{min(97, 27 + 2 * device.radio.signal)}",)


@TABLE.on("+CGATT", forms=PARAMETER)
def attached(device: Device, command: Command) -> Reply:
    """TS 27.007 10.1.9."""
    if command.form is Form.TEST:
        return ("+CGATT: (0,1)",)
    return (f"+CGATT: {int(device.radio.registered)}",) if command.form is Form.READ else ()


@TABLE.on("D", need=Need.UNLOCKED)
def dial(device: Device, command: Command) -> Reply:
    """V.250 6.3.1: nobody answers on this network."""

    def no_carrier() -> None:
        device.running.fail(CommandError("NO CARRIER"))

    device.running.abortable()
    device.running.later(2.0, no_carrier)
    return DEFERRED


@TABLE.on("H")
@TABLE.on("+CHUP", forms=ACTION)
def hang_up(device: Device, command: Command) -> Reply:
    """V.250 6.3.6, TS 27.007 6.5: also without a call that is OK."""
    if command.name == "H" and command.integer(0, 0) != 0:
        raise CommandError
    device.calls.hang_up()
    return ()


@TABLE.on("A")
def answer(device: Device, command: Command) -> Reply:
    """V.250 6.3.5."""
    if not device.calls.answer():
        raise CommandError("NO CARRIER")
    return ()


@TABLE.on("+CLCC", forms=ACTION)
def current_calls(device: Device, command: Command) -> Reply:
    """TS 27.007 7.18."""
    call = device.calls.current
    return () if call is None else (call.listing(),)


@TABLE.on("+CUSD", need=Need.UNLOCKED, forms=PARAMETER)
def ussd(device: Device, command: Command) -> Reply:
    """TS 27.007 7.15."""
    if command.form is Form.TEST:
        return ("+CUSD: (0,1,2)",)
    if command.form is Form.READ:
        return (f"+CUSD: {device.parameters['+CUSD'][0]}",)
    n = command.integer(0, 0)
    if n not in (0, 1, 2):
        raise CmeError(50)
    if n == 2:
        device.ussd.cancel()
        return ()
    device.parameters["+CUSD"] = (n,)
    if len(command.values) > 1:
        if not device.radio.registered:
            raise CmeError(30)
        return device.ussd.request(command.string(1))
    return ()
