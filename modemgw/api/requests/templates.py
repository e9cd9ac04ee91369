"""Templates to keep, and values to try one with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modemgw.api.requests.messages import Params
from modemgw.api.requests.shared import Body
from modemgw.config import Identifier, TemplateDocument


class TemplateBody(TemplateDocument):
    """A template to be made."""

    name: Annotated[
        Identifier,
        Field(
            description="Letters, digits, dots, dashes and underscores.",
            json_schema_extra={"pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"},
        ),
    ]


class TemplatePreviewBody(Body):
    """Values to try a template with."""

    params: Annotated[
        Params,
        Field(default_factory=dict, description="What its placeholders stand for, by name."),
    ]
    language: Annotated[
        str | None, Field(max_length=16, description="Which variant, best: `pt-BR`.")
    ] = None
    to: Annotated[
        str | None,
        Field(max_length=64, description="A number whose country may choose the variant."),
    ] = None
