"""From what is to be said to the user data of each part: the one place where texts are split."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.sms import Ports, Segmentation, segment_data, segment_text

Encoding = Literal["auto", "gsm7", "ucs2"]
MAX_PARTS = 255
"""TS 23.040 9.2.3.24.1: the parts of a concatenated message are counted in one octet."""


class Content(NamedTuple):
    """What a message says. Shared by the messages of a batch."""

    text: str | None = None
    data: bytes | None = None
    ports: tuple[int, int] | None = None
    encoding: Encoding = "auto"
    transliterate: bool = False
    message_class: int | None = None


def split(content: Content, reference: int = 0, max_parts: int | None = None) -> Segmentation:
    """The parts of `content`; `reference` (0–255) ties them together at the recipient.

    Raises Rejected: the text does not fit the encoding that was asked for, or needs more parts
    than `max_parts`.
    """
    try:
        result = _split(content, reference)
    except ValueError as error:
        field = "data" if content.text is None else "text"
        raise Rejected([FieldProblem(field, str(error), "not-encodable")]) from error
    allowed = MAX_PARTS if max_parts is None else max_parts
    if len(result.parts) > allowed:
        raise Rejected(
            [
                FieldProblem(
                    "text" if content.data is None else "data",
                    f"needs {len(result.parts)} parts, but max_parts is {allowed}",
                    "too-many-parts",
                )
            ]
        )
    return result


@lru_cache(maxsize=4096)
def _split(content: Content, reference: int) -> Segmentation:
    ports = None
    if content.ports is not None:
        ports = Ports(content.ports[0], content.ports[1], wide=max(content.ports) > 255)
    if content.text is None:
        return segment_data(
            content.data or b"",
            ports=ports,
            reference=reference,
            message_class=content.message_class,
        )
    return segment_text(
        content.text,
        encoding=content.encoding,
        reference=reference,
        transliterate=content.transliterate,
        ports=ports,
        message_class=content.message_class,
    )
