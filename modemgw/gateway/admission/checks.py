"""From what a caller asks to a message that can be sent, or every reason why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from random import Random

from modemgw.config import Config, RouteMatch, RouteSection, TypeSection
from modemgw.gateway.admission.content import Content, Encoding, split
from modemgw.gateway.admission.numbers import NumberError, normalise
from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.gateway.identifiers import new_id
from modemgw.sms import Segmentation
from modemgw.store.records import Message, MessageStatus, NewMessage, Part, PartStatus, Recipient

LATEST_SEND_S = 366 * 86400.0
"""How far ahead a message may be scheduled."""
NOBODY: Recipient = ("", "", "")
"""Stands for the recipient in what the messages of a mailing share."""
_ENCODINGS: dict[str, Encoding] = {"auto": "auto", "gsm7": "gsm7", "ucs2": "ucs2"}


class Acceptance:
    """Checks requests against the configuration. Pure but for the random part of ids."""

    def __init__(self, config: Config, random: Random) -> None:
        self._random = random
        self._region = config.gateway.default_region
        self._routes = config.routes
        self._route_ids = {r.id for r in config.routes}
        self._modems = {m.id for m in config.modem}
        self._types: dict[str, TypeSection] = {
            name: getattr(config.type, name) for name in ("otp", "transactional", "promotional")
        }

    def check(
        self,
        new: NewMessage,
        *,
        key: str,
        now: float,
        id: str | None = None,
        batch: str | None = None,
    ) -> Message:
        """The message as it will be stored. Raises Rejected with every field that is wrong."""
        problems: list[FieldProblem] = []
        recipient = NOBODY
        try:
            to, route = self.addressing(new, key)(new.to)
            recipient = (id or new_id("msg", now, self._random), to, route)
        except Rejected as rejected:
            problems += rejected.problems
        try:
            message = self.address(new, recipient, key=key, now=now, batch=batch)
        except Rejected as rejected:
            problems += rejected.problems
        if problems:
            raise Rejected(problems)
        return message

    def address(
        self, new: NewMessage, recipient: Recipient, *, key: str, now: float, batch: str | None
    ) -> Message:
        """The message to a recipient that was checked; `new.to` is not looked at.

        Raises Rejected with every field that is wrong.
        """
        problems: list[FieldProblem] = []
        parts: Segmentation | None = None
        try:
            parts = self.split(new)
        except Rejected as rejected:
            problems += rejected.problems
        for field, given, there_are in (
            ("modem", new.modem, self._modems),
            ("route", new.route, self._route_ids),
        ):
            if given is not None and given not in there_are:
                known = ", ".join(sorted(there_are)) or "none"
                problems.append(
                    FieldProblem(
                        field, f"there is no {field} {given!r}; there is {known}", "unknown"
                    )
                )
        send_at = new.send_at if new.send_at is not None and new.send_at > now else None
        if send_at is not None and send_at > now + LATEST_SEND_S:
            problems.append(FieldProblem("send_at", "is more than a year ahead", "out-of-range"))
        if problems or parts is None:
            raise Rejected(problems)
        id, to, route = recipient
        policy = self._types[new.type]
        validity = policy.validity if new.validity_s is None else new.validity_s
        return Message(
            id=id,
            to=to,
            text=_text_sent(new, parts),
            data=new.data,
            ports=new.ports,
            type=new.type,
            status=MessageStatus.QUEUED if send_at is None else MessageStatus.SCHEDULED,
            encoding=parts.alphabet.value,
            message_class=new.message_class,
            receipt=new.receipt,
            parts=_unsent(len(parts.parts)),
            error=None,
            route=route,
            modem=new.modem,
            key=key,
            reference=new.reference,
            callback_url=new.callback_url,
            batch=batch,
            tags=new.tags,
            created_at=now,
            updated_at=now,
            send_at=send_at,
            expires_at=(send_at or now) + validity,
        )

    def addressing(self, new: NewMessage, key: str) -> Callable[[str], tuple[str, str]]:
        """How the recipients of a message are read: from what was given to number and route.

        What is returned raises Rejected for a number that is none, or that no route carries.
        """
        region = self._region
        carriers = _carriers(self._routes, new.type, key, new.tags)
        if new.route is not None:
            carriers = [((), new.route)]

        def read(given: str) -> tuple[str, str]:
            try:
                to = normalise(given, region)
            except NumberError as error:
                raise Rejected([FieldProblem("to", str(error), "invalid-number")]) from error
            route = _first(carriers, to)
            if route is not None:
                return to, route
            problem = f"no route is configured that carries a {new.type} there"
            raise Rejected([FieldProblem("to", problem, "unroutable")])

        return read

    def split(self, new: NewMessage) -> Segmentation:
        """The parts that a request's content makes. Raises Rejected."""
        if new.data is not None and new.text is not None:
            raise Rejected([FieldProblem("data", "give text or data, not both", "contradiction")])
        if new.data is None and not new.text:
            raise Rejected([FieldProblem("text", "is empty: there is nothing to send", "empty")])
        if new.data is not None and new.encoding not in ("auto", "binary"):
            raise Rejected(
                [FieldProblem("encoding", "data is sent as it is: use binary", "not-encodable")]
            )
        if new.data is None and new.encoding == "binary":
            raise Rejected(
                [FieldProblem("encoding", "binary wants data instead of text", "not-encodable")]
            )
        content = Content(
            text=new.text if new.data is None else None,
            data=new.data,
            ports=new.ports,
            encoding=_ENCODINGS.get(new.encoding, "auto"),
            transliterate=new.transliterate,
            message_class=new.message_class,
        )
        return split(content, max_parts=new.max_parts)


def route_for(
    routes: Sequence[RouteSection], *, to: str, type: str, key: str, tags: tuple[str, ...]
) -> str | None:
    """The id of the first route that matches a message; None when there is none."""
    return _first(_carriers(routes, type, key, tags), to)


_Carriers = list[tuple[tuple[str, ...], str]]
"""The prefixes of numbers that a route takes (empty: every number), and its id."""


def _carriers(
    routes: Sequence[RouteSection], type: str, key: str, tags: tuple[str, ...]
) -> _Carriers:
    return [(r.match.to_prefix, r.id) for r in routes if _carries(r.match, type, key, tags)]


def _first(carriers: _Carriers, to: str) -> str | None:
    for prefixes, route in carriers:
        if not prefixes or to.startswith(prefixes):
            return route
    return None


def _carries(match: RouteMatch, type: str, key: str, tags: tuple[str, ...]) -> bool:
    """Whether a route takes such messages, to whatever number."""
    if match.type and type not in match.type:
        return False
    if match.key and key not in match.key:
        return False
    return not match.tag or not set(match.tag).isdisjoint(tags)


def _text_sent(new: NewMessage, parts: Segmentation) -> str | None:
    """The text as it goes out: with what transliteration changed."""
    if new.data is not None or not parts.changes:
        return None if new.data is not None else new.text
    return "".join(part.text or "" for part in parts.parts)


@lru_cache(maxsize=256)
def _unsent(count: int) -> tuple[Part, ...]:
    return tuple(Part(i, PartStatus.QUEUED) for i in range(1, count + 1))
