"""Regular expressions of the configuration: looked for in linear time, whatever they are.

RE2 has no look-around and no references to groups, and so none of the patterns that take for ever.
What is left is bounded: the pattern in its size, the text in its length.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import re2
from pydantic import AfterValidator

LONGEST = 1000
"""Characters of a pattern."""
LARGEST = 1000
"""Steps that RE2 makes of it: each character of a text costs as many at the worst."""
LOOKED_AT = 2000
"""Characters of a text that are looked at, from its beginning: some 20 ms at the very worst."""

Groups = Mapping[int | str, str]
"""What a pattern has found: 0 is all of it, then its groups by number, and by name if they have
one; empty where a group has no part in it."""


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    if len(pattern) > LONGEST:
        raise ValueError(f"a pattern may have {LONGEST} characters at most")
    options = re2.Options()
    options.log_errors = False
    try:
        found = re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0]
        raise ValueError(
            f"this is no regular expression: {why.decode() if isinstance(why, bytes) else why}; "
            "see https://github.com/google/re2/wiki/Syntax for what there is"
        ) from None
    if found.programsize > LARGEST:
        raise ValueError("this pattern is too large: repeat less in it, such as .{1,50}")
    return found


def search(pattern: str, text: str) -> Groups | None:
    """What a pattern of the configuration finds first in the beginning of a text."""
    looked_at = text[:LOOKED_AT]
    if not looked_at.isascii():  # half of a surrogate pair is nothing that RE2 can read
        looked_at = looked_at.encode("utf-8", "replace").decode()
    found = _compiled(pattern).search(looked_at)
    if found is None:
        return None
    groups: dict[int | str, str] = {0: found.group(0)}
    groups |= {n: said or "" for n, said in enumerate(found.groups(), 1)}
    groups |= {name: said or "" for name, said in found.groupdict().items()}
    return groups


def _check(pattern: str) -> str:
    _compiled(pattern)
    return pattern


PATTERN = AfterValidator(_check)
"""Text that is a pattern."""
