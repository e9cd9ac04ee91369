"""[type.otp], [type.transactional], [type.promotional]: policy by message type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

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


class TypesSection(Section):
    """[type]"""

    otp: TypeSection = TypeSection(ambiguous="retry", validity=600, max_attempts=4)
    transactional: TypeSection = TypeSection()
    promotional: TypeSection = TypeSection()
