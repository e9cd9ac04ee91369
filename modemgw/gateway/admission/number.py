"""The rule that the recipient has a number that an SMS can be sent to."""

from __future__ import annotations

from modemgw.config import Config
from modemgw.gateway.admission.numbering import NumberError, normalise
from modemgw.gateway.admission.rule import Addressee, Check, Draft, Rule
from modemgw.gateway.errors import FieldProblem, Rejected


class NumberRule(Rule):
    """Reads each recipient's number."""

    def configure(self, config: Config) -> None:
        """See Rule."""
        self._region = config.gateway.default_region

    def each(self, draft: Draft) -> Check:
        """See Rule."""
        region = self._region

        def read(one: Addressee) -> None:
            try:
                one.to = normalise(one.given, region)
            except NumberError as error:
                raise Rejected([FieldProblem("to", str(error), "invalid-number")]) from error

        return read
