"""The rule that what is said can be sent: as which encoding, in how many parts."""

from __future__ import annotations

from modemgw.gateway.admission.rule import Draft, Rule
from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.gateway.outgoing.content import Content, Encoding, split
from modemgw.store.records import NewMessage

_ENCODINGS: dict[str, Encoding] = {"auto": "auto", "gsm7": "gsm7", "ucs2": "ucs2"}


class ContentRule(Rule):
    """Finds the parts."""

    def common(self, draft: Draft) -> None:
        """See Rule."""
        new = draft.new
        if new.template is not None and draft.variant is None:
            return  # it has made no text, and that has been told
        if (problem := _contradiction(new)) is not None:
            raise Rejected([problem])
        content = Content(
            text=new.text if new.data is None else None,
            data=new.data,
            ports=new.ports,
            encoding=_ENCODINGS.get(new.encoding, "auto"),
            transliterate=new.transliterate,
            message_class=new.message_class,
        )
        draft.parts = split(content, max_parts=_allowed(draft))


def _allowed(draft: Draft) -> int | None:
    """Parts that it may have: no more than its template says that its texts have."""
    new, variant = draft.new, draft.variant
    if variant is None or new.encoding != "auto" or new.transliterate:
        return new.max_parts
    return variant.most_parts if new.max_parts is None else min(new.max_parts, variant.most_parts)


def _contradiction(new: NewMessage) -> FieldProblem | None:
    if new.data is not None:
        if new.text is not None:
            return FieldProblem("data", "give text or data, not both", "contradiction")
        if new.encoding not in ("auto", "binary"):
            return FieldProblem("encoding", "data is sent as it is: use binary", "not-encodable")
    elif not new.text:
        return FieldProblem("text", "is empty: there is nothing to send", "empty")
    elif new.encoding == "binary":
        return FieldProblem("encoding", "binary wants data instead of text", "not-encodable")
    return None
