"""[replies]: how much is answered automatically."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modemgw.config.base import Section


class RepliesSection(Section):
    """[replies]: automatic answers, whatever gives them."""

    per_hour: Annotated[int, Field(ge=1, le=60)] = 10
    """To one sender; then it is taken for a machine that answers, and is not answered any more
    before it was quiet for a while. Never more than 60: nobody needs a way to switch this off."""
