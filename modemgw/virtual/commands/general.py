"""Commands of the line itself and of the equipment (V.250, TS 27.007 clauses 5, 8, 9)."""

from __future__ import annotations

import time

from modemgw.virtual.command import ACTION, ACTION_ON, PARAMETER, Command, Form
from modemgw.virtual.device import Device
from modemgw.virtual.errors import CmeError, CommandError
from modemgw.virtual.parameters import S_REGISTERS, ranges_text
from modemgw.virtual.running import DEFERRED, Reply
from modemgw.virtual.table import Table

TABLE = Table()

CHARSETS = ("GSM", "IRA", "UCS2")
_RADIO_SECONDS = 1.0
"""How long AT+CFUN=0, 1 and 4 take."""


_BASIC_RANGES = {
    "E": 1, "V": 1, "Q": 1, "X": 4, "&C": 1, "&D": 3, "&K": 6, "&S": 1, "L": 3, "M": 3, "B": 1,
    "N": 1,
}  # fmt: skip
"""The highest value of each basic command that takes one (V.250 6.2, 6.3 and common use)."""


@TABLE.on(*_BASIC_RANGES)
def basic_parameter(device: Device, command: Command) -> Reply:
    """V.250 6.2: those that matter here are E, V and Q."""
    value = command.integer(0, 0)
    if value > _BASIC_RANGES[command.name]:
        raise CommandError
    device.engine.switch(command.name, on=bool(value))
    return ()


@TABLE.on(*S_REGISTERS)
def s_register(device: Device, command: Command) -> Reply:
    """V.250 6.2, 6.3.8: kept and shown; S3, S4 and S5 are the characters of the line."""
    parameters = device.parameters
    if command.form is Form.READ:
        return (f"{parameters[command.name][0]:03d}",)
    value = command.integer(0, 0)
    if value not in parameters.allowed(command.name)[0]:
        raise CommandError
    parameters[command.name] = (value,)
    use_registers(device)
    return ()


def use_registers(device: Device) -> None:
    """Make S3, S4 and S5 hold on the line."""
    cr, lf, backspace = (bytes(device.parameters[name]) for name in ("S3", "S4", "S5"))
    device.engine.set_ends(cr, lf)
    device.engine.backspace = backspace


@TABLE.on("Z", "&F")
def to_profile(device: Device, command: Command) -> Reply:
    """V.250 6.1.1, 6.1.2: back to the saved or the factory settings; ends the line."""
    if command.integer(0, 0) > 1:
        raise CommandError
    device.running.end_line_here()
    if command.name == "Z":
        device.parameters.restore()
    else:
        device.parameters.factory()
    device.engine.echo = device.engine.verbose = True
    device.engine.quiet = False
    use_registers(device)
    return ()


@TABLE.on("&W")
def save_profile(device: Device, command: Command) -> Reply:
    """Keeps what ATZ and power-up bring back."""
    device.parameters.save()
    return ()


@TABLE.on("&V")
def show_profile(device: Device, command: Command) -> Reply:
    """The present settings."""
    shown = [
        f"E{int(device.engine.echo)} V{int(device.engine.verbose)} Q{int(device.engine.quiet)}"
    ]
    shown += [f"{n}: {','.join(map(str, v))}" for n, v in sorted(device.parameters.items())]
    return shown


@TABLE.on("I")
def information(device: Device, command: Command) -> Reply:
    """V.250 6.1.3."""
    make = device.personality
    lines = make.ati or (make.manufacturer, make.model, f"Revision: {make.revision}")
    return [line.format(imei=device.imei) for line in lines]


@TABLE.on("+CGMI", "+GMI", "+CGMM", "+GMM", "+CGMR", "+GMR", "+GSN", forms=ACTION)
@TABLE.on("+CGSN", forms=ACTION | ACTION_ON)
def identity(device: Device, command: Command) -> Reply:
    """TS 27.007 5.1 to 5.4."""
    if command.form is Form.TEST:
        return ()
    make = device.personality
    if command.form is Form.SET:
        # +CGSN=<snt>: 0 the serial number, 1 the IMEI.
        if command.integer(0) not in (0, 1):
            raise CmeError(50)
        if command.integer(0) == 1:
            return (f'+CGSN: "{device.imei}"',)
    kind = command.name.removeprefix("+").removeprefix("C")
    text = {"GMI": make.manufacturer, "GMM": make.model, "GMR": make.revision, "GSN": device.imei}
    if make.identity_prefix and command.name.startswith("+C"):
        return (f"{command.name}: {text[kind]}",)
    return (text[kind],)


@TABLE.on("+GCAP", forms=ACTION)
def capabilities(device: Device, command: Command) -> Reply:
    """V.250 6.1.9."""
    if command.form is Form.TEST:
        return ()
    return ("+GCAP: +CGSM,+FCLASS",)


@TABLE.on("+CLAC", forms=ACTION)
def all_commands(device: Device, command: Command) -> Reply:
    """TS 27.007 8.37."""
    if command.form is Form.TEST:
        return ()
    return [f"AT{name}" for name in device.commands()]


_PLAIN = ("+CMEE", "+CSDH", "+CRC", "+CLIP", "+COLP", "+CCWA", "+CGSMS", "+CVHU", "+CTZR", "+CTZU")


@TABLE.on(*_PLAIN, "+CSSN", "+CMER", "+CSMP", forms=PARAMETER)
def parameter(device: Device, command: Command) -> Reply:
    """The plain pattern: `=?` lists, `?` shows, `=` sets with omitted values kept."""
    name = command.name
    if command.form is Form.TEST:
        return (f"{name}: {ranges_text(device.parameters.allowed(name))}",)
    if command.form is Form.READ:
        return (f"{name}: {','.join(map(str, device.parameters[name]))}",)
    device.parameters[name] = device.parameters.asked_for(command)
    return ()


@TABLE.on("+CSCS", forms=PARAMETER)
def character_set(device: Device, command: Command) -> Reply:
    """TS 27.007 5.5."""
    if command.form is Form.TEST:
        return ("+CSCS: (" + ",".join(f'"{name}"' for name in CHARSETS) + ")",)
    if command.form is Form.READ:
        return (f'+CSCS: "{device.parameters.charset}"',)
    name = command.string(0).upper()
    if name not in CHARSETS:
        raise CmeError(4)
    device.parameters.charset = name
    return ()


_ELSEWHERE = ("+IPR", "+ICF", "+IFC", "+CPSMS", "+CBST", "+CR", "+CSTA", "+CMOD", "+DS", "+CSGT")


@TABLE.on(*_ELSEWHERE, "+CALM", "+CRSL", "+CLVL", "+CMUT", forms=PARAMETER)
def taken_and_forgotten(device: Device, command: Command) -> Reply:
    """Settings of things that a pseudo-terminal does not have."""
    return (f"{command.name}: 0",) if command.form is Form.READ else ()


@TABLE.on("+CFUN", forms=PARAMETER)
def functionality(device: Device, command: Command) -> Reply:
    """TS 27.007 8.2: 0 minimum, 1 full, 4 flight; `=1,1` restarts."""
    if command.form is Form.TEST:
        return ("+CFUN: (0,1,4),(0,1)",)
    if command.form is Form.READ:
        return (f"+CFUN: {device.radio.functionality}",)
    value, reset = command.integer(0), command.integer(1, 0)
    if value not in (0, 1, 4) or reset not in (0, 1):
        raise CmeError(50)
    if reset:
        if not device.personality.cfun_resets:
            raise CommandError
        device.running.end_line_here()
        device.running.restart_after_answer()
        return ()

    def done() -> None:
        device.radio.set_functionality(value)
        device.running.complete()
        device.radio.changed()

    if value == device.radio.functionality:
        return ()
    device.running.later(_RADIO_SECONDS, done)
    return DEFERRED


@TABLE.on("+CPAS", forms=ACTION)
def activity(device: Device, command: Command) -> Reply:
    """TS 27.007 8.1."""
    return ("+CPAS: (0,2,3,4)",) if command.form is Form.TEST else ("+CPAS: 0",)


@TABLE.on("+CCLK", forms=PARAMETER)
def clock(device: Device, command: Command) -> Reply:
    """TS 27.007 8.15: the network's time, in UTC."""
    if command.form is not Form.READ:
        return ()
    return (time.strftime('+CCLK: "%y/%m/%d,%H:%M:%S+00"', time.gmtime(device.timers.time())),)


@TABLE.on("+CBC", forms=ACTION)
def battery(device: Device, command: Command) -> Reply:
    """TS 27.007 8.4: powered from outside."""
    return ("+CBC: (0,1),(0-100)",) if command.form is Form.TEST else ("+CBC: 1,100",)
