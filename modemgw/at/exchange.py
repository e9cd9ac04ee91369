"""One command on its way: the question, how far it has come, and who waits for the answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum, auto

from .dialogue import Question
from .errors import AtError


@dataclass(frozen=True, slots=True)
class Response:
    """The lines of an answer, without echo and final result."""

    lines: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The first line; empty if there is none."""
        return self.lines[0] if self.lines else ""


class Phase(Enum):
    """How far a command has come."""

    ANSWER = auto()  # waiting for the final result of a plain command
    PROMPT = auto()  # waiting for "> "
    OPEN = auto()  # the prompt is there, nothing typed yet
    SENT = auto()  # the PDU and Ctrl-Z are out
    UNWANTED = auto()  # waiting for "> " only to leave it
    ABORTING = auto()  # ESC is out


class Exchange:
    """A command on its way."""

    __slots__ = (
        "allowed_s",
        "done",
        "due",
        "ends_at",
        "phase",
        "prompt",
        "question",
        "traced",
        "typed_at",
        "waits_s",
    )

    def __init__(self, question: Question, loop: asyncio.AbstractEventLoop) -> None:
        self.question = question
        self.done: asyncio.Future[Response] = loop.create_future()
        self.prompt: asyncio.Future[None] | None = None
        self.phase = Phase.ANSWER
        self.typed_at: float | None = None
        self.allowed_s = self.ends_at = 0.0
        self.traced = True
        self.due: float | None = None
        """When the modem is given up, on the loop's clock; None: it is not its turn to speak."""
        self.waits_s = 0.0

    def fail(self, error: AtError) -> None:
        """Tell whoever waits; a prompt that will never come is told first."""
        for future in (self.prompt, self.done):
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()  # an answer nobody waits for any more is no mistake
