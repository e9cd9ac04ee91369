"""[type.otp], [type.transactional], [type.promotional]: policy by message type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from modemgw.config.base import Days, Seconds, Section


class TypeSection(Section):
    """[type.otp], [type.transactional], [type.promotional]: policy per message type."""

    ambiguous: Literal["hold", "retry"] = "hold"
    """What becomes of an attempt that got no answer after Ctrl-Z."""
    ambiguous_wait: Seconds = 60
    """With `retry`: how long to wait for a status report before sending once more."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 8
    """Tries of one part before the message is failed."""
    validity: Seconds = 2 * 86400
    """How long a message may wait when the request does not say."""
    redact_text_after_days: Days = 0
    """After this time the text of an ended message is emptied; 0 = never."""
    consent_required: bool = False
    """Whether nobody is sent it who has not opted in."""
    opt_out: Literal["respect", "ignore"] | None = None
    """Whether those who have opted out are not sent it; not given: as `respects_opt_out` says."""


class TypesSection(Section):
    """[type]"""

    otp: TypeSection = TypeSection(ambiguous="retry", validity=600, max_attempts=4)
    transactional: TypeSection = TypeSection()
    promotional: TypeSection = TypeSection()

    @field_validator("promotional")
    @classmethod
    def _respects(cls, promotional: TypeSection) -> TypeSection:
        if promotional.opt_out == "ignore":
            raise ValueError("opt_out: who has opted out of advertising is never sent any")
        return promotional

    def respects_opt_out(self, type: str) -> bool:
        """Whether messages of a type are not sent to those who have opted out.

        Advertising never is; what somebody has asked for (a code) or must know (an order) is sent
        unless the configuration says otherwise.
        """
        section: TypeSection = getattr(self, type)
        return type == "promotional" or section.opt_out == "respect"
