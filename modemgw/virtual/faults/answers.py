"""Answers that come late, wrong, or never."""

from __future__ import annotations

import math
from collections import deque

from modemgw.virtual.faults.befallen import Befallen
from modemgw.virtual.sending import AfterEntry


class AnswerFaults(Befallen):
    """Faults of what the modem says when it is asked."""

    def hang(self, seconds: float | None = None) -> None:
        """Dead: hears nothing, says nothing, not even unsolicited results."""
        self._body.hang(seconds)

    def deafen(self, seconds: float | None = None) -> None:
        """Hears nothing, while unsolicited results go on."""
        self._line.deaf_until = self._body.timers.moment_in(seconds)

    def hang_after_prompt(self, *, passed: bool = False, seconds: float | None = None) -> None:
        """Next message: prompt, PDU taken, then dead. `passed`: the network has it."""
        hang = math.inf if seconds is None else seconds
        self._line.sender.faults.after_entry.append(AfterEntry(passed, hang))

    def lose_next_answer(self, count: int = 1, *, passed: bool = True) -> None:
        """The next answers to a PDU never come, while the modem goes on living."""
        self._line.sender.faults.after_entry.extend(AfterEntry(passed) for _ in range(count))

    def delay_answer(self, seconds: float, count: int = 1) -> None:
        """The next `count` messages take `seconds` more."""
        self._line.sender.faults.delays.extend([seconds] * count)

    def stick_prompt(self) -> None:
        """The prompt state without a prompt: deaf for commands until ESC."""
        self._line.engine.enter_silently()

    def lose_prompt(self, count: int = 1) -> None:
        """The next prompts are not shown; the modem waits for the PDU all the same."""
        self._line.sender.faults.lost_prompts += count

    def lose_final(self, count: int = 1) -> None:
        """The next final results are not printed."""
        self._line.results.faults.lost_finals += count

    def fail_command(self, name: str, final: str = "ERROR", count: int = 1) -> None:
        """The next `count` runs of a command, such as +CMGL, end in `final`; empty: in silence."""
        self._line.dialogue.failures.setdefault(name.upper(), deque()).extend([final] * count)
