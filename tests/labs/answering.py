"""What handlers answer with, where nothing guards it and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modemgw.gateway.admission.results import Accepted
from modemgw.gateway.deliveries.answering import Accept, Answering, Send
from modemgw.gateway.deliveries.matching import Came
from modemgw.gateway.errors import Unavailable
from modemgw.store import Transaction
from modemgw.store.records import NewMessage


@dataclass(frozen=True)
class Refused:
    """Somebody must not be answered."""

    code: str = "no-number"
    detail: str = "its sender is not a number that can be answered"


class LaxGuard:
    """Every number may be answered, and everything sent on."""

    def __init__(self) -> None:
        self.sent_on: list[str] = []

    def may_answer(self, inbound: Came) -> Refused | None:
        return None if inbound.sender.startswith("+") else Refused()

    def judge(self, inbound: Came) -> Refused | None:
        return self.may_answer(inbound)

    def may_forward(self, inbound: Came, to: str) -> None:
        return None

    def judge_forward(self, inbound: Came, to: str) -> None:
        return None

    def forwarded(self, text: str) -> None:
        self.sent_on.append(text)


async def _refuse(new: NewMessage, **more: object) -> Accepted:
    raise Unavailable("nothing is sent here")


def answering(accept: Accept, send: Send | None = None) -> Answering:
    """Answers, and what is sent on, are accepted by `accept`, one after the other."""

    async def accept_all(
        news: Sequence[NewMessage], first: Callable[[Transaction], None]
    ) -> list[str]:
        for n, new in enumerate(news):
            await accept(new, (lambda tx: None) if n else first)
        return []

    return Answering(accept, accept_all, send or _refuse, LaxGuard())
