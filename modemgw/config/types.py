"""[type.otp], [type.transactional], [type.promotional]: policy by message type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from modemgw.config.base import Days, Identifier, Seconds, Section
from modemgw.config.quiet_hours import QuietHours

Priority = Annotated[int, Field(ge=1, le=9)]
Tries = Annotated[int, Field(ge=1, le=100)]
OnDoubt = Literal["hold", "retry"]


class TypeSection(Section):
    """[type.otp], [type.transactional], [type.promotional]: policy per message type."""

    priority: Priority = 2
    """Which type goes first: 1 before 2. Of the same priority the oldest message does."""
    routes: tuple[Identifier, ...] = ()
    """The routes that carry it, tried in this order; empty: every route, in the file's order."""
    ambiguous: OnDoubt = "hold"
    """What becomes of an attempt that got no answer after Ctrl-Z."""
    ambiguous_wait: Seconds = 60
    """With `retry`: how long to wait for a status report before sending once more."""
    max_attempts: Tries = 8
    """Tries of one part before the message is failed."""
    retry_wait: Seconds = 0
    """The least wait before the second try, doubled before each next one; a refusal may call for
    more."""
    retry_wait_max: Annotated[float, Field(gt=0, le=86400)] = 900
    """Waits never grow beyond this, whatever a refusal calls for."""
    validity: Seconds = 2 * 86400
    """How long a message may wait when the request does not say."""
    quiet_hours: QuietHours = ()
    """When it is not sent, by the clock of its recipient."""
    target_seconds: Seconds = 0
    """How soon it should come as far as `target` says, from its acceptance or `send_at`; 0: no
    such aim."""
    target: Literal["sent", "delivered"] = "sent"
    """How far: the network has every part, or the phone has."""
    erase_text: bool = False
    """Its text is emptied as soon as its fate is known."""
    redact_text_after_days: Days = 0
    """After this time the text of an ended message is emptied; 0 = never."""
    consent_required: bool = False
    """Whether nobody is sent it who has not opted in."""
    opt_out: Literal["respect", "ignore"] | None = None
    """Whether those who have opted out are not sent it; not given: as `respects_opt_out` says."""


class OtpSection(TypeSection):
    """[type.otp]: what is soon too late, and nobody's business afterwards."""

    priority: Priority = 1
    ambiguous: OnDoubt = "retry"
    max_attempts: Tries = 4
    validity: Seconds = 600
    erase_text: bool = True


class PromotionalSection(TypeSection):
    """[type.promotional]: what can wait for everything else."""

    priority: Priority = 3


class TypesSection(Section):
    """[type]"""

    otp: OtpSection = OtpSection()
    transactional: TypeSection = TypeSection()
    promotional: PromotionalSection = PromotionalSection()

    def of(self, type: str) -> TypeSection:
        """The policy of a type of messages. Raises AttributeError: there is no such type."""
        section: TypeSection = getattr(self, type)
        return section

    @property
    def priorities(self) -> dict[str, int]:
        """Which type goes first, by name: the lowest."""
        return {name: policy.priority for name, policy in self.by_name().items()}

    @property
    def erased(self) -> frozenset[str]:
        """The types whose texts end with their messages."""
        return frozenset(name for name, policy in self.by_name().items() if policy.erase_text)

    def by_name(self) -> dict[str, TypeSection]:
        """The policy of each type."""
        return {name: self.of(name) for name in type(self).model_fields}

    @field_validator("promotional")
    @classmethod
    def _respects(cls, promotional: PromotionalSection) -> PromotionalSection:
        if promotional.opt_out == "ignore":
            raise ValueError("opt_out: who has opted out of advertising is never sent any")
        return promotional

    def respects_opt_out(self, type: str) -> bool:
        """Whether messages of a type are not sent to those who have opted out.

        Advertising never is; what somebody has asked for (a code) or must know (an order) is sent
        unless the configuration says otherwise.
        """
        return type == "promotional" or self.of(type).opt_out == "respect"
