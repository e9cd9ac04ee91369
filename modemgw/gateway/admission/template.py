"""The rule that a message which names a template says what that makes of its values.

And that a key which is for templates alone sends nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from modemgw.config import Config
from modemgw.gateway.admission.numbering import NumberError, normalise
from modemgw.gateway.admission.rule import Draft, Rule, Surroundings
from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.gateway.templates.countries import country_of
from modemgw.gateway.templates.languages import Language, parse
from modemgw.store.records import Key, NewMailing, NewMessage

FREE_TEXT = "templates-only"
"""The code of the problem that a key may not send what it says itself."""
NOT_ITS_TEMPLATE = "template-not-allowed"
"""The code of the problem that a key may not use this template."""
LOOK_EVERY = 128
"""So many numbers are looked at before others may do something."""


class TemplateRule(Rule):
    """Makes the texts of templates."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self._templates = surroundings.templates
        self._only: dict[str, tuple[str, ...]] = {}
        """Keys that may send templates alone, by name; and which, if not all."""

    def configure(self, config: Config) -> None:
        """See Rule."""
        self._region = config.gateway.default_region

    async def key_seen(self, key: Key) -> None:
        """See Rule."""
        if key.templates_only:
            self._only[key.name] = key.templates
        else:
            self._only.pop(key.name, None)

    def common(self, draft: Draft) -> None:
        """See Rule."""
        new = draft.new
        if self._only and not (draft.request.automatic or draft.request.ours):
            self._check_key(draft.request.key, new.template)
        if new.template is None:
            for field in ("params", "language"):
                if getattr(new, field) is not None:
                    raise Rejected([FieldProblem(field, "goes with a template", "contradiction")])
            return
        if new.text is not None or new.data is not None:
            problem = "makes the text: give neither text nor data with it"
            raise Rejected([FieldProblem("template", problem, "contradiction")])
        found = self._templates.find(new.template)
        if found is None:
            problem = f"there is no template {new.template!r}; GET /v1/templates lists them"
            raise Rejected([FieldProblem("template", problem, "unknown")])
        asked = _asked(new)
        countries = found.countries(asked)
        country = self._country(new.to, countries) if countries and new.to else None
        variant = found.choose(asked, country)
        free = new.encoding == "ucs2"
        made = found.text(variant, new.params or {}, free=free, transliterate=new.transliterate)
        if made.problems:
            raise Rejected(made.problems)
        if not made.text:
            raise Rejected([FieldProblem("params", "make an empty text of it", "empty")])
        draft.new = new._replace(text=made.text)
        draft.variant = variant

    async def groups(
        self, mailing: NewMailing
    ) -> Sequence[tuple[NewMessage, Sequence[int]]] | None:
        """See Rule: whoever gets another variant because of the number's country is apart."""
        content = mailing.content
        found = None if content.template is None else self._templates.find(content.template)
        if found is None:
            return None
        try:
            countries = found.countries(_asked(content))
        except Rejected:  # it is told when the draft is made
            return None
        if not countries:
            return None
        by_country: dict[str | None, list[int]] = {}
        for place, to in enumerate(mailing.to):
            by_country.setdefault(self._country(to, countries), []).append(place)
            if place % LOOK_EVERY == 0:
                await asyncio.sleep(0)
        return [
            (content._replace(to=mailing.to[places[0]]), places) for places in by_country.values()
        ]

    def _country(self, to: str, countries: frozenset[str]) -> str | None:
        try:
            return country_of(normalise(to, self._region), countries)
        except NumberError:  # it is told by the rule that reads the number
            return None

    def _check_key(self, key: str, template: str | None) -> None:
        """Raises Rejected for what a key that is for templates alone may not send."""
        allowed = self._only.get(key)
        if allowed is None:
            return
        if template is None:
            problem = f"the API key {key!r} may send templates alone: name one, and its params"
            raise Rejected([FieldProblem("template", problem, FREE_TEXT)])
        if allowed and template not in allowed:
            problem = f"the API key {key!r} may send {', '.join(allowed)}, not {template!r}"
            raise Rejected([FieldProblem("template", problem, NOT_ITS_TEMPLATE)])


def _asked(new: NewMessage) -> Language | None:
    """The language that is asked for. Raises Rejected for what is none."""
    if new.language is None:
        return None
    try:
        return parse(new.language)
    except ValueError as error:
        raise Rejected([FieldProblem("language", str(error), "invalid")]) from error
