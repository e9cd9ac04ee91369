"""The rule that nobody is sent what they have opted out of, or have not opted into.

A message's tags are its scopes: who has opted out of everything, or of one of them, is not sent it;
where consent is required, who has opted into everything or into one of them is.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence

from modemgw.config import Config, TypesSection
from modemgw.gateway.admission.limits import REPLIES_KEY
from modemgw.gateway.admission.rule import Addressee, Check, Draft, Rule
from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.gateway.outgoing.job import Job

OPTED_OUT = FieldProblem("to", "has opted out of such messages", "opted-out")
NO_CONSENT = FieldProblem("to", "has not opted in, and such messages need that", "no-consent")


class ConsentRule(Rule):
    """Asks what the recipient has decided; of types that do not care, nothing."""

    def configure(self, config: Config) -> None:
        """See Rule."""
        types = TypesSection.model_fields
        self._respects = {name for name in types if config.type.respects_opt_out(name)}
        self._requires = {name for name in types if getattr(config.type, name).consent_required}

    async def load(self) -> None:
        """See Rule."""
        around = self.surroundings
        await around.consents.load(around.store, opted_in=bool(self._requires))

    def each(self, draft: Draft) -> Check | None:
        """See Rule."""
        type, tags = draft.new.type, draft.new.tags
        if not self._asks(type, automatic=draft.request.automatic):
            return None
        out = self.surroundings.consents.opted_out(tags)
        opted_in = self._opted_in(type, tags)
        if not out and opted_in is None:
            return None

        def check(one: Addressee) -> None:
            _check(one.to, out, opted_in)

        return check

    def at_sending(self, job: Job) -> None:
        """See Rule. Who has opted out meanwhile is not sent it any more."""
        if self._asks(job.type, automatic=job.key == REPLIES_KEY):
            out = self.surroundings.consents.opted_out(job.tags)
            _check(job.to, out, self._opted_in(job.type, job.tags))

    def _asks(self, type: str, *, automatic: bool) -> bool:
        """Whether anybody's consent matters. An automatic reply answers who has just written: that
        they have opted out is what it may have to confirm."""
        if automatic and type != "promotional":
            return False
        return type in self._respects or type in self._requires

    def _opted_in(self, type: str, tags: Collection[str]) -> Sequence[Container[str]] | None:
        return self.surroundings.consents.opted_in(tags) if type in self._requires else None


def _check(
    to: str, out: Sequence[Container[str]], opted_in: Sequence[Container[str]] | None
) -> None:
    for numbers in out:
        if to in numbers:
            raise Rejected([OPTED_OUT])
    if opted_in is not None and not any(to in numbers for numbers in opted_in):
        raise Rejected([NO_CONSENT])
