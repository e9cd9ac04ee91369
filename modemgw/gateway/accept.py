"""From what a caller asks to a message that can be sent, or every reason why it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from random import Random

from modemgw.config import Config, RouteMatch, RouteSection, TypeSection
from modemgw.gateway.content import Content, Encoding, split
from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.gateway.identifiers import new_id
from modemgw.gateway.numbers import NumberError, normalise
from modemgw.sms import Segmentation
from modemgw.store.records import Message, MessageStatus, NewMessage, Part, PartStatus

LATEST_SEND_S = 366 * 86400.0
"""How far ahead a message may be scheduled."""
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

    def check(self, new: NewMessage, *, key: str, now: float, batch: str | None = None) -> Message:
        """The message as it will be stored. Raises Rejected with every field that is wrong."""
        problems: list[FieldProblem] = []
        to = ""
        try:
            to = normalise(new.to, self._region)
        except NumberError as error:
            problems.append(FieldProblem("to", str(error), "invalid-number"))
        parts: Segmentation | None = None
        try:
            parts = self.split(new)
        except Rejected as rejected:
            problems += rejected.problems
        if new.modem is not None and new.modem not in self._modems:
            known = ", ".join(sorted(self._modems)) or "none"
            problems.append(
                FieldProblem(
                    "modem", f"there is no modem {new.modem!r}; there is {known}", "unknown"
                )
            )
        route = self._route(new, to, key, problems)
        send_at = new.send_at if new.send_at is not None and new.send_at > now else None
        if send_at is not None and send_at > now + LATEST_SEND_S:
            problems.append(FieldProblem("send_at", "is more than a year ahead", "out-of-range"))
        if problems or parts is None:
            raise Rejected(problems)
        policy = self._types[new.type]
        validity = policy.validity if new.validity_s is None else new.validity_s
        return Message(
            id=new_id("msg", now, self._random),
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

    def _route(self, new: NewMessage, to: str, key: str, problems: list[FieldProblem]) -> str:
        if new.route is not None:
            if new.route not in self._route_ids:
                known = ", ".join(sorted(self._route_ids))
                problems.append(
                    FieldProblem(
                        "route", f"there is no route {new.route!r}; there is {known}", "unknown"
                    )
                )
            return new.route
        if not to:
            return ""  # what is wrong with the number was said; without it nothing can be routed
        found = route_for(self._routes, to=to, type=new.type, key=key, tags=new.tags)
        if found is not None:
            return found
        problems.append(
            FieldProblem(
                "to", f"no route is configured that carries a {new.type} there", "unroutable"
            )
        )
        return ""


def route_for(
    routes: Sequence[RouteSection], *, to: str, type: str, key: str, tags: tuple[str, ...]
) -> str | None:
    """The id of the first route that matches a message; None when there is none."""
    return next((r.id for r in routes if _carries(r.match, to, type, key, tags)), None)


def _carries(match: RouteMatch, to: str, type: str, key: str, tags: tuple[str, ...]) -> bool:
    if match.to_prefix and not to.startswith(match.to_prefix):
        return False
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
