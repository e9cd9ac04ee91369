"""Commands of network, signal, calls and USSD (TS 27.007 clauses 6, 7, 8.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.virtual.commands import (
    ACTION,
    DEFERRED,
    PARAMETER,
    CmeError,
    Command,
    CommandError,
    Form,
    Need,
    Reply,
    Table,
)
from modemgw.virtual.commands_general import new_values
from modemgw.virtual.parameters import ranges_text
from modemgw.virtual.textmode import to_charset

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem

TABLE = Table()

_SCAN_SECONDS = 20.0


@TABLE.on("+CREG", "+CGREG", "+CEREG", forms=PARAMETER)
def registration(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.007 7.2, 10.1.20, 10.1.22."""
    name = command.name
    if name == "+CEREG" and not modem.personality.eps:
        raise CommandError
    if command.form is Form.TEST:
        return (f"{name}: {ranges_text(modem.parameters.allowed(name))}",)
    if command.form is Form.SET:
        modem.parameters[name] = new_values(modem, command)
        return ()
    level = modem.parameters[name][0]
    place = modem.radio.place() if level == 2 else ""
    return (f"{name}: {level},{modem.radio.stat}{place}",)


@TABLE.on("+COPS", need=Need.UNLOCKED, forms=PARAMETER)
def operator(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.007 7.3."""
    radio, settings = modem.radio, modem.settings
    if command.form is Form.TEST:
        name = to_charset(modem.parameters.charset, settings.operator)
        found = f'(2,"{name}","{name}","{settings.plmn}",{modem.personality.technology})'
        modem.dialogue.abortable()
        answer = [f"+COPS: {found},,(0-4),(0-2)"]
        modem.dialogue.later(_SCAN_SECONDS, lambda: modem.dialogue.complete(answer))
        return DEFERRED
    if command.form is Form.READ:
        mode = 2 if radio.deselected else radio.selection
        if not radio.registered:
            return (f"+COPS: {mode}",)
        name = settings.plmn
        if radio.name_format != 2:
            name = to_charset(modem.parameters.charset, settings.operator)
        return (f'+COPS: {mode},{radio.name_format},"{name}",{modem.personality.technology}',)
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
        modem.dialogue.complete()
        radio.changed()

    modem.dialogue.later(1.0, done)
    return DEFERRED


@TABLE.on("+CSQ", forms=ACTION)
def signal_quality(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.007 8.5."""
    if command.form is Form.TEST:
        return ("+CSQ: (0-31,99),(0-7,99)",)
    return (f"+CSQ: {modem.radio.rssi},99",)


@TABLE.on("+CESQ", forms=ACTION)
def extended_signal_quality(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.007 8.69."""
    if command.form is Form.TEST:
        return ("+CESQ: (0-63,99),(0-7,99),(0-96,255),(0-49,255),(0-34,255),(0-97,255)",)
    if not modem.radio.registered:
        return ("+CESQ: 99,99,255,255,255,255",)
    return (f"+CESQ: 99,99,255,255,20,{min(97, 27 + 2 * modem.radio.signal)}",)


@TABLE.on("+CGATT", forms=PARAMETER)
def attached(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.007 10.1.9."""
    if command.form is Form.TEST:
        return ("+CGATT: (0,1)",)
    return (f"+CGATT: {int(modem.radio.registered)}",) if command.form is Form.READ else ()


@TABLE.on("D", need=Need.UNLOCKED)
def dial(modem: VirtualModem, command: Command) -> Reply:
    """V.250 6.3.1: nobody answers on this network."""

    def no_carrier() -> None:
        modem.dialogue.fail(CommandError("NO CARRIER"))

    modem.dialogue.abortable()
    modem.dialogue.later(2.0, no_carrier)
    return DEFERRED


@TABLE.on("H")
@TABLE.on("+CHUP", forms=ACTION)
def hang_up(modem: VirtualModem, command: Command) -> Reply:
    """V.250 6.3.6, TS 27.007 6.5: there is no call."""
    if command.name == "H" and command.integer(0, 0) != 0:
        raise CommandError
    return ()


@TABLE.on("A")
def answer(modem: VirtualModem, command: Command) -> Reply:
    """V.250 6.3.5: nobody rings."""
    raise CommandError("NO CARRIER")


@TABLE.on("+CLCC", forms=ACTION)
def current_calls(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.007 7.18: none."""
    return ()


@TABLE.on("+CUSD", need=Need.UNLOCKED, forms=PARAMETER)
def ussd(modem: VirtualModem, command: Command) -> Reply:
    """TS 27.007 7.15."""
    if command.form is Form.TEST:
        return ("+CUSD: (0,1,2)",)
    if command.form is Form.READ:
        return (f"+CUSD: {modem.parameters['+CUSD'][0]}",)
    n = command.integer(0, 0)
    if n not in (0, 1, 2):
        raise CmeError(50)
    if n == 2:
        modem.ussd.cancel()
        return ()
    modem.parameters["+CUSD"] = (n,)
    if len(command.values) > 1:
        if not modem.radio.registered:
            raise CmeError(30)
        return modem.ussd.request(command.string(1))
    return ()
