"""Commands that set the message service up (TS 27.005 clause 3)."""

from __future__ import annotations

from modemgw.virtual.charset import to_charset
from modemgw.virtual.command import ACTION, ACTION_ON, PARAMETER, Command, Form
from modemgw.virtual.device import Device
from modemgw.virtual.errors import CmsError
from modemgw.virtual.parameters import ranges_text
from modemgw.virtual.running import Reply
from modemgw.virtual.sending import Purpose
from modemgw.virtual.table import Need, Table

TABLE = Table()


@TABLE.on("+CMGF", "+CMMS", sms=True, forms=PARAMETER)
def message_parameter(device: Device, command: Command) -> Reply:
    """TS 27.005 3.2.3, 3.5.6."""
    name = command.name
    allowed = device.parameters.allowed(name)
    if command.form is Form.TEST:
        return (f"{name}: {ranges_text(allowed)}",)
    if command.form is Form.READ:
        return (f"{name}: {device.parameters[name][0]}",)
    value = command.integer(0, 0)
    if value not in allowed[0]:
        raise CmsError(500 if name == "+CMMS" else 303)
    device.parameters[name] = (value,)
    if name == "+CMMS":
        device.sender.keep_link()
    return ()


@TABLE.on("+CSMS", sms=True, forms=PARAMETER)
def message_service(device: Device, command: Command) -> Reply:
    """TS 27.005 3.2.1."""
    if command.form is Form.TEST:
        return (f"+CSMS: {ranges_text(device.parameters.allowed('+CSMS'))}",)
    if command.form is Form.READ:
        service = device.parameters["+CSMS"][0]
        return (device.personality.csms_answer.format(service=service),)
    device.parameters["+CSMS"] = device.parameters.asked_for(command)
    return ("+CSMS: 1,1,1",)


@TABLE.on("+CNMI", sms=True, forms=PARAMETER)
def indications(device: Device, command: Command) -> Reply:
    """TS 27.005 3.4.1, within what the make accepts."""
    make = device.personality
    if command.form is Form.TEST:
        return (f"+CNMI: {make.cnmi_advertised or ranges_text(make.cnmi.fields())}",)
    if command.form is Form.READ:
        return (f"+CNMI: {','.join(map(str, device.parameters['+CNMI']))}",)
    present = (0,) * 5 if make.cnmi_omitted_is_zero else device.parameters["+CNMI"]
    values = tuple(command.integer(i, value) for i, value in enumerate(present))
    if len(command.values) > 5 or not make.cnmi.takes(values):
        raise CmsError(303)
    direct = values[1] in (2, 3) or values[3] == 1
    if direct and make.direct_needs_csms1 and device.parameters["+CSMS"][0] == 0:
        raise CmsError(303)
    if device.parameters.ignores_change("+CNMI"):
        return ()
    if make.cnmi_ignored is not None and not make.cnmi_ignored.takes(values):
        return ()
    device.parameters["+CNMI"] = values
    if values[0] != 0:
        device.receiver.mode_changed(clear=values[4] == 1)
    return ()


@TABLE.on("+CNMA", sms=True, forms=ACTION | ACTION_ON)
def acknowledge(device: Device, command: Command) -> Reply:
    """TS 27.005 3.4.4."""
    if command.form is Form.TEST:
        return ("+CNMA: (0-2)",)
    n = command.integer(0, 0) if command.form is Form.SET else 0
    length = command.integer(1, 0) if command.form is Form.SET else 0
    if n not in (0, 1, 2):
        raise CmsError(303)
    if length and not device.personality.acknowledge_with_pdu:
        raise CmsError(303)
    if not device.receiver.awaits_acknowledgement:
        raise CmsError(340)
    if length:
        return device.sender.open_entry(Purpose.ACKNOWLEDGE, length=length, refuse=n == 2)
    device.receiver.acknowledge(accepted=n != 2)
    return ()


@TABLE.on("+CSCA", need=Need.UNLOCKED, sms=True, forms=PARAMETER)
def service_centre(device: Device, command: Command) -> Reply:
    """TS 27.005 3.3.1: written to the SIM."""
    if command.form is Form.TEST:
        return ()
    sim = device.slot.inserted()
    if command.form is Form.READ:
        kind = 145 if sim.smsc.startswith("+") else 129
        return (f'+CSCA: "{to_charset(device.parameters.charset, sim.smsc)}",{kind}',)
    sim.smsc = device.text.number(command, 0)
    device.sender.service_centre_written()
    return ()


@TABLE.on("+CSCB", forms=PARAMETER)
def broadcast_channels(device: Device, command: Command) -> Reply:
    """TS 27.005 3.3.4: which channels are listened to (mode 0), or are not any more (1)."""
    heard = device.broadcasts
    if command.form is Form.TEST:
        return ("+CSCB: (0,1)",)
    if command.form is Form.READ:
        return (f'+CSCB: 0,"{heard.shown()}",""',)
    mode, channels = command.integer(0, 0), command.string(1, "")
    if mode not in (0, 1):
        raise CmsError(303)
    try:
        heard.change(channels, wanted=mode == 0)
    except ValueError:
        raise CmsError(304) from None
    return ()


@TABLE.on("+CSAS", "+CRES", forms=ACTION | ACTION_ON)
def taken_and_forgotten(device: Device, command: Command) -> Reply:
    """The saving of message settings."""
    return ()
