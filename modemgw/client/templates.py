"""Templates: texts by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, Required, TypedDict, Unpack

from modemgw.client.answers import Template, TemplatePreview, TemplateVersion
from modemgw.client.transport import Transport, segment


class VariantOptions(TypedDict):
    """What a template says in one language."""

    language: str
    region: NotRequired[str | None]
    text: str


class ParameterOptions(TypedDict, total=False):
    """What stands in for a placeholder."""

    type: str
    max_length: int | None
    default: str | int | float | bool | None
    allow_unicode: bool


class TemplateOptions(TypedDict, total=False):
    """What a template is to be."""

    variants: Required[Sequence[VariantOptions]]
    """The first is for whoever no other fits."""
    parameters: Mapping[str, ParameterOptions]
    allow_unicode: bool
    transliterate: bool
    description: str | None


class Templates(Transport):
    """Calls about templates. What changes them wants the scope admin."""

    async def templates(self) -> list[Template]:
        """Every template, by name."""
        return [Template(item) for item in (await self._get("v1/templates"))["items"]]

    async def template(self, name: str, version: int | None = None) -> Template:
        """A template as it is now, or a version of it."""
        path = f"v1/templates/{segment(name)}"
        return Template(await self._get(path if version is None else f"{path}/versions/{version}"))

    async def template_versions(self, name: str) -> list[TemplateVersion]:
        """Every version of a template, the newest first; also of one that was deleted."""
        page = await self._get(f"v1/templates/{segment(name)}/versions")
        return [TemplateVersion(item) for item in page["items"]]

    async def create_template(
        self,
        name: str,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[TemplateOptions],
    ) -> Template:
        """Make a template. Its variants say in how many SMS they end at the most."""
        body = {"name": name, **options}
        return Template(await self._create("v1/templates", body, idempotency_key))

    async def put_template(
        self, name: str, *, if_version: int | None = None, **options: Unpack[TemplateOptions]
    ) -> Template:
        """Make another version of a template; what says the same is none.

        `if_version`: only if this is the version that there is; else Conflict.
        """
        path = f"v1/templates/{segment(name)}"
        headers = await self._only_if(path, if_version)
        reply = await self._request(
            "PUT", path, body=dict(options), headers=headers, repeatable=if_version is None
        )
        return Template(reply.document)

    async def delete_template(self, name: str, *, if_version: int | None = None) -> None:
        """Delete a template; its versions are kept. `if_version`: as of `put_template`."""
        path = f"v1/templates/{segment(name)}"
        await self._request("DELETE", path, headers=await self._only_if(path, if_version))

    async def preview_template(
        self,
        name: str,
        params: Mapping[str, Any] | None = None,
        *,
        language: str | None = None,
        to: str | None = None,
    ) -> TemplatePreview:
        """What a template makes of some values; sends nothing. `to`: whose country may choose."""
        body: dict[str, Any] = {"params": dict(params or {})}
        body |= {k: v for k, v in (("language", language), ("to", to)) if v is not None}
        path = f"v1/templates/{segment(name)}/preview"
        return TemplatePreview(await self._post(path, body, repeatable=True))

    async def _only_if(self, path: str, version: int | None) -> dict[str, str]:
        """The header that lets a change pass only if this is the version that there is."""
        if version is None:
            return {}
        there = await self._request("GET", path, repeatable=True)
        same = there.document["version"] == version
        return {"If-Match": there.headers["ETag"] if same else '"another"'}
