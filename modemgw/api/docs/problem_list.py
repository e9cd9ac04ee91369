"""Writes the catalogue of problem types into the documentation.

`python -m modemgw.api.docs.problem_list docs/problems.md` writes the page. The catalogue is the
truth: the page is not edited by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from modemgw.api.docs.problem_pages import RETRY
from modemgw.api.openapi.failures import problem_example
from modemgw.api.problem_types import PROBLEM_TYPES, type_uri

_HEAD = """\
# Problems

Every answer that is no success is a problem after RFC 9457, `application/problem+json`. Programs
look at its `type`, which never changes; `detail` is for people, and its words may change. The
running gateway has a page about each at `/problems/NAME`, which the header `Link` of the answer
leads to, and all of them as data at `/problems`.

*This page is written by `python -m modemgw.api.docs.problem_list docs/problems.md`.*
"""


def written() -> str:
    """The whole page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "| type | status | send it again? |\n| --- | --- | --- |"
    for name, kind in PROBLEM_TYPES.items():
        yield f"| [`{name}`](#{name}) | {kind.status} | {kind.retry} |"
    for name, kind in PROBLEM_TYPES.items():
        example = json.dumps(problem_example(name), indent=2, ensure_ascii=False)
        yield f"\n## {name}\n\n**{kind.status}: {kind.title}** (`{type_uri(name)}`)\n"
        yield f"{kind.meaning}\n\nWhat to do: {kind.remedy}\n"
        yield f"Send it again? {RETRY[kind.retry]}\n\n```json\n{example}\n```"
    yield ""


def main(page: Path) -> None:
    """Write the page anew."""
    page.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
