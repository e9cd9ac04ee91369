"""[duplicates]: the same text to the same number once more."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from modemgw.config.base import MessageType, Section


class DuplicatesSection(Section):
    """[duplicates]: what one key says to one number twice within a short time."""

    window_seconds: Annotated[float, Field(ge=0, le=7 * 86400)] = 0
    """How long the same is a duplicate after it was accepted; 0: nothing ever is."""
    action: Literal["refuse", "merge"] = "refuse"
    """`merge`: the first message is answered, as if it had been sent now."""
    types: tuple[MessageType, ...] = ("otp", "transactional", "promotional")
    """Of which messages."""
