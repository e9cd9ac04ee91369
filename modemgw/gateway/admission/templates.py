"""The templates, for doors: seen, kept, deleted, tried; those in files are kept like the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from modemgw.clock import Clock
from modemgw.config import Config, ConfigError
from modemgw.gateway.admission.idempotency import first_answer
from modemgw.gateway.admission.results import Idempotency
from modemgw.gateway.errors import (
    Conflict,
    FieldProblem,
    NotFound,
    Outdated,
    Rejected,
    Unavailable,
)
from modemgw.gateway.following import Rest
from modemgw.gateway.outgoing.content import Content, split
from modemgw.gateway.templates import languages
from modemgw.gateway.templates.catalogue import Catalogue
from modemgw.gateway.templates.checking import check
from modemgw.gateway.templates.compiled import CompiledTemplate
from modemgw.gateway.templates.countries import country_of
from modemgw.gateway.templates.documents import read_files
from modemgw.sms import Segmentation
from modemgw.store import (
    AnsweredBefore,
    Store,
    StoreConflict,
    StoreUnavailable,
    Template,
    TemplateContent,
    Transaction,
)

T = TypeVar("T")

logger = logging.getLogger(__name__)

RETRY_S = 5.0
"""How often it is looked whether templates of files can be kept by now."""


class TemplateExists(Conflict, StoreConflict):
    """There is a template of this name already."""


class FromFile(Conflict, StoreConflict):
    """The template comes from a file: nobody else may change it."""


class NoSuchTemplate(NotFound, StoreConflict):
    """There is no template of this name, or no such version of it."""


class WrongVersion(Outdated, StoreConflict):
    """Somebody else has changed the template meanwhile."""


@dataclass(frozen=True, slots=True)
class TemplatePreview:
    """What a template makes of some values, for nobody."""

    version: int
    language: str
    """Of the variant that was chosen, with its region: `pt-BR`."""
    text: str
    parts: Segmentation
    warnings: tuple[FieldProblem, ...]
    """What is odd about the values, by parameter."""


class Templates:
    """The templates. What changes them raises Unavailable while the store takes nothing."""

    def __init__(self, config: Config, *, store: Store, clock: Clock) -> None:
        self._section = config.templates
        self._store = store
        self._clock = clock
        self._behind = False
        """Whether what is in the files is not kept as yet."""
        self.catalogue = Catalogue()
        """Those in force, for who makes messages of them."""

    # --- the start, and another configuration

    async def load(self) -> None:
        """Learn what there is. Await it before the first message; raises StoreUnavailable."""
        self.catalogue.replace(await self._store.read(lambda view: view.templates.all()))
        for line in await self._take_files():
            logger.warning("%s", line)

    def follow(self, config: Config) -> Rest:
        """See Follower: the files of another directory, or as they are by now."""
        self._section = config.templates
        return self._take_files()

    async def run(self) -> None:
        """Keep what is in the files once the store takes it, if it did not at first."""
        while self._behind:
            await self._clock.sleep(RETRY_S)
            await self._take_files()

    async def _take_files(self) -> list[str]:
        """Make the templates of the files versions like others. Returns what to tell of it."""
        try:
            files = await asyncio.to_thread(read_files, self._section)
        except ConfigError as error:
            return [f"templates stay as they were: {problem}" for problem in error.problems]
        now = self._clock.time()

        def work(tx: Transaction) -> list[Template]:
            changed = []
            there = {template.name: template for template in tx.templates.all()}
            for name, content in files.items():
                before = there.get(name)
                if before is None or (before.source, before.content) != ("file", content):
                    changed.append(tx.templates.add(name, content, source="file", at=now, key=None))
            for name, template in there.items():
                if template.source == "file" and name not in files:
                    changed.append(tx.templates.add(name, None, source="file", at=now, key=None))
            return changed

        if not files and not any(one.template.source == "file" for one in self.catalogue.all()):
            self._behind = False
            return []
        try:
            changed = await self._store.write(work, then=self._put_all)
        except StoreUnavailable as error:
            self._behind = True
            return [f"templates of {self._section.directory} are not taken as yet: {error}"]
        self._behind = False
        return [
            f"template {one.name}: version {one.version}" + ("" if one.content else ", deleted")
            for one in changed
        ]

    def _put_all(self, templates: list[Template]) -> None:
        for template in templates:
            self.catalogue.put(template)

    # --- what there is

    def all(self) -> list[CompiledTemplate]:
        """Every template as it is now, by name."""
        return self.catalogue.all()

    def one(self, name: str) -> CompiledTemplate:
        """A template as it is now. Raises NotFound."""
        found = self.catalogue.find(name)
        if found is None:
            raise _missing(name)
        return found

    async def versions(self, name: str) -> list[Template]:
        """Every version of a template, the newest first; also of one that was deleted.

        Raises NotFound.
        """
        found = await self._store.read(lambda view: view.templates.versions(name))
        if not found:
            raise _missing(name)
        return found

    async def version(self, name: str, version: int) -> CompiledTemplate:
        """A version of a template, also of one that was deleted. Raises NotFound."""
        found = await self._store.look_up(lambda view: view.templates.get(name, version))
        if found is None or found.content is None:
            raise NoSuchTemplate(f"there is no version {version} of a template {name!r}")
        return CompiledTemplate(found)

    # --- what may be done with it

    async def create(
        self,
        name: str,
        content: TemplateContent,
        *,
        key: str,
        idempotency: Idempotency | None = None,
    ) -> CompiledTemplate | bytes:
        """Keep a new template; or the first answer to the same request.

        `key`: the name of the API key that asks, to which `idempotency` belongs. Raises Rejected
        with every field that is wrong, TemplateExists, IdempotencyConflict.
        """
        self._check(content)

        def work(tx: Transaction, before: Template | None) -> CompiledTemplate:
            if idempotency is not None and (answered := tx.answers.find(key, idempotency.key)):
                raise answered
            if before is not None and before.content is not None:
                raise TemplateExists(
                    f"there is a template named {name!r}; PUT makes another version of it"
                )
            made = self._add(tx, name, content, key)
            if idempotency is not None:
                answer = idempotency.render(made)
                tx.answers.remember(key, idempotency.key, idempotency.fingerprint, answer)
            return made

        try:
            return await self._change(name, work)
        except AnsweredBefore as before:
            return first_answer(before, idempotency)

    async def put(
        self, name: str, content: TemplateContent, *, key: str, expected: int | None = None
    ) -> CompiledTemplate:
        """Keep another version of a template; none, if it says the same.

        `expected`: the version that it must be now; None: any. Raises NotFound, Rejected with every
        field that is wrong, FromFile, Outdated.
        """
        self._check(content)

        def work(tx: Transaction, before: Template | None) -> CompiledTemplate:
            before = _changeable(name, before, expected)
            if before.content == content:
                return CompiledTemplate(before)
            return self._add(tx, name, content, key)

        return await self._change(name, work)

    async def delete(self, name: str, *, key: str, expected: int | None = None) -> None:
        """Delete a template. Its versions are kept: messages name them.

        Raises NotFound, FromFile, Outdated.
        """

        def work(tx: Transaction, before: Template | None) -> None:
            _changeable(name, before, expected)
            tx.templates.add(name, None, source="api", at=self._clock.time(), key=key)

        await self._change(name, work)

    def preview(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        language: str | None = None,
        to: str | None = None,
    ) -> TemplatePreview:
        """What a template says with these values. `to`: whose number may choose the variant.

        Raises NotFound, Rejected.
        """
        found = self.one(name)
        variant = found.choose(*asked_for(found, language, to))
        made = found.text(variant, params)
        if made.problems:
            raise Rejected(made.problems)
        return TemplatePreview(
            found.template.version,
            variant.language,
            made.text,
            split(Content(text=made.text)),
            tuple(found.odd(variant, params)),
        )

    def _check(self, content: TemplateContent) -> None:
        if problems := check(content):
            raise Rejected(problems)

    def _add(
        self, tx: Transaction, name: str, content: TemplateContent, key: str
    ) -> CompiledTemplate:
        now = self._clock.time()
        return CompiledTemplate(tx.templates.add(name, content, source="api", at=now, key=key))

    async def _change(self, name: str, change: Callable[[Transaction, Template | None], T]) -> T:
        def work(tx: Transaction) -> tuple[T, Template | None]:
            before = tx.templates.get(name)
            return change(tx, before), tx.templates.get(name)

        try:
            changed, _ = await self._store.write(work, then=lambda done: self._put(done[1]))
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error
        return changed

    def _put(self, template: Template | None) -> None:
        if template is not None:
            self.catalogue.put(template)


def asked_for(
    template: CompiledTemplate, language: str | None, to: str | None
) -> tuple[languages.Language | None, str | None]:
    """What the choice of a variant goes by: the language, and the country of a number where that
    makes a difference. Raises Rejected for what is no language.
    """
    asked = None
    if language is not None:
        try:
            asked = languages.parse(language)
        except ValueError as error:
            raise Rejected([FieldProblem("language", str(error), "invalid")]) from error
    countries = template.countries(asked)
    return asked, country_of(to, countries) if to and countries else None


def _missing(name: str) -> NoSuchTemplate:
    return NoSuchTemplate(f"there is no template {name!r}")


def _changeable(name: str, there: Template | None, expected: int | None) -> Template:
    """The template, if it may be changed."""
    if there is None or there.content is None:
        raise _missing(name)
    if there.source == "file":
        raise FromFile(f"the template {name!r} comes from a file: change it there")
    if expected not in (None, there.version):
        raise WrongVersion(
            f"the template {name!r} is not what it was: it is version {there.version} now"
        )
    return there
