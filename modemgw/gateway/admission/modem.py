"""The rule that a modem which a message names is configured."""

from __future__ import annotations

from modemgw.config import Config
from modemgw.gateway.admission.rule import Draft, Rule, unknown
from modemgw.gateway.errors import Rejected


class ModemRule(Rule):
    """Knows the names of the modems."""

    def configure(self, config: Config) -> None:
        """See Rule."""
        self._ids = {modem.id for modem in config.modem}

    def common(self, draft: Draft) -> None:
        """See Rule."""
        named = draft.new.modem
        if named is not None and named not in self._ids:
            raise Rejected([unknown("modem", named, self._ids)])
