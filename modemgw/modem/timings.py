"""How patient the supervisor of a modem is. Seconds throughout; the defaults suit real modems."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """Tests shorten these; nobody else should need to."""

    absent_poll: float = 0.25
    """Between two looks whether the device is there."""
    open_retry: float = 1.0
    """Before another try on a port that does not open; doubles up to `open_retry_most`."""
    open_retry_most: float = 30.0
    drain: float = 0.2
    """Silence after opening before the first word: banners and stale answers go by."""
    quiet: float = 0.2
    """Silence after ESC, before AT."""
    answer: float = 1.0
    """An idle modem answers AT within this time."""
    tries: int = 3
    reinit_tries: int = 15
    """Tries of AT before a modem that may just be restarting is told to restart."""
    boot_tries: int = 30
    """Tries of AT after opening: a module may boot, or measure the baud rate."""
    prompt: float = 10.0
    """From CMGS to its prompt."""
    submit: float | None = None
    """From Ctrl-Z to the result; None: as the profile says."""
    probe: float = 20.0
    """A part that has no answer for this long is asked after, where the profile knows how; and
    again. Most answers are here by then, and a modem that forgot its part is found in time."""
    reported: float = 10.0
    """For the result once the part's status report seems to have come. The network has had the part
    for longer than that already, so a result that is not here by then was lost."""
    sim_poll: float = 1.0
    """Between two looks at a SIM that is busy or still starting."""
    sim_absent_poll: float = 5.0
    """Between two looks for a SIM that is missing or locked."""
    sms_ready: float = 60.0
    """How long a SIM may take until its message store can be used."""
    search_poll: float = 2.0
    """Between two looks at the registration while there is none."""
    patience: float = 1.0
    """Multiplies the times that commands are given to answer, and modems to boot."""
    radio_after: float = 120.0
    """Without a network for this long, the search is begun anew…"""
    radio_every: float = 600.0
    """… but not more often than this."""
    pulse: float = 2.0
    """An idle modem is asked for a sign of life this often."""
    caller_shown: float = 1.0
    """From a RING to the number of who calls."""
    rings_apart: float = 8.0
    """Rings of one call come closer together than this."""
    poll: float = 30.0
    """Between two looks at registration and signal."""
    settings_check: float = 120.0
    """Between two looks whether CNMI still holds."""
    operator_poll: float = 300.0
    sweep: float = 45.0
    """Between two listings of the message store."""
    sweep_blind: float = 10.0
    """The same for a modem that announces nothing."""
    leave: float = 3.0
    """A modem that is left is told to store what comes, if it takes that within this time."""
    reset_pause: float = 1.0
    """After a reset command before the modem is spoken to again."""
    reauthorise_off: float = 3.0
    """How long a USB device stays off the bus."""
    reopen_pause: float = 1.0
    """Between closing and opening a port."""
    steady: float = 300.0
    """A fault within this time of the last recovery calls for a stronger step, unless a part was
    accepted meanwhile. Longer than an answer to a PDU may take."""
    quarantine: tuple[float, ...] = (300.0, 900.0, 3600.0)
    """How long each quarantine in a row lasts; the last one repeats."""
