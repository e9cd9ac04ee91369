"""What can go wrong with one virtual modem, each fault by a method of its own.

A fault is plugged into the part that it befalls: a field there, which that part alone acts on. No
part knows this package.

A fault lasts until its count or time is used up, or until `clear`. Durations are seconds; None is
"for ever", which a restart of the modem (or unplugging it) ends.
"""

from __future__ import annotations

from modemgw.virtual.faults.answers import AnswerFaults
from modemgw.virtual.faults.device import DeviceFaults
from modemgw.virtual.faults.network import NetworkFaults
from modemgw.virtual.faults.noise import NoiseFaults
from modemgw.virtual.faults.sim import SimFaults
from modemgw.virtual.power import NEVER
from modemgw.virtual.receiving import ReceivingFaults
from modemgw.virtual.results import ResultFaults
from modemgw.virtual.sending import SendingFaults
from modemgw.virtual.slot import SlotFaults

__all__ = ["INJECTABLE", "Faults"]


class Faults(AnswerFaults, NoiseFaults, DeviceFaults, SimFaults, NetworkFaults):
    """The faults of one modem and of one of its AT ports."""

    def clear(self) -> None:
        """Behave again. What has been lost stays lost; what waited in the network comes."""
        body, line = self._body, self._line
        self.end_flood()
        body.power.hung_until = line.deaf_until = NEVER
        body.slot.faults = SlotFaults()
        line.output.split_seconds = None
        line.results.faults = ResultFaults()
        line.sender.faults = SendingFaults()
        line.receiver.faults = ReceivingFaults()
        line.dialogue.failures.clear()
        line.parameters.ignored_changes.clear()
        line.engine.keeps_echo = False
        if body.slot.sim is not None:
            body.slot.sim.barred_code = None
        body.attach()


INJECTABLE: tuple[str, ...] = (
    "clear",
    "hang",
    "deafen",
    "hang_after_prompt",
    "lose_next_answer",
    "delay_answer",
    "stick_prompt",
    "lose_prompt",
    "garbage",
    "say",
    "ring",
    "fail_command",
    "report",
    "show",
    "split",
    "storm",
    "flood",
    "interleave",
    "lose_final",
    "stall",
    "unplug",
    "replug",
    "reboot",
    "forget_settings",
    "brown_out",
    "keep_echo",
    "lose_cnmi",
    "drop_cnmi",
    "fill_store",
    "sim_busy",
    "sim_unread",
    "lose_smsc",
    "miss_smsc",
    "remove_sim",
    "ask_pin",
    "block_pin",
    "cover",
    "signal",
    "refuse",
    "block",
    "swallow",
)
"""Names of the methods that the control socket may call."""
