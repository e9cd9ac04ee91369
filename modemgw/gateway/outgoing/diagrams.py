"""Draws the tables of `life` into the documentation.

`python -m modemgw.gateway.outgoing.diagrams docs/life.md` writes both pictures into the page, each
below the heading that names it. The tables are the truth: the pictures are not edited by hand.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from modemgw.gateway.outgoing.life import MESSAGE, PART

HEADINGS = {"## A message": "message", "## A part": "part"}
"""The heading of the page under which each diagram stands."""
_BLOCK = re.compile(r"```mermaid\n.*?```", re.DOTALL)


def diagrams() -> dict[str, str]:
    """The tables `message` and `part` as Mermaid state diagrams."""
    moves: dict[tuple[str, str], list[str]] = {}
    for (old, happening), (new, _) in MESSAGE.items():
        if new is not old:
            moves.setdefault((old, new), []).append(happening)
    stands: dict[tuple[str, str], list[str]] = {}
    for (state, outcome), status in PART.items():
        stands.setdefault((state, status), []).append("no receipt" if outcome is None else outcome)
    return {"message": _drawn(moves), "part": _drawn(stands)}


def redrawn(page: str) -> str:
    """A page with its diagrams drawn anew. Raises ValueError where a heading or a block lacks."""
    drawn = diagrams()
    for heading, table in HEADINGS.items():
        before, found, section = page.partition(f"{heading}\n")
        block = _BLOCK.search(section)
        if not found or block is None:
            raise ValueError(f"the page has no Mermaid block below {heading!r}")
        new = f"```mermaid\n{drawn[table]}\n```"
        page = before + found + section[: block.start()] + new + section[block.end() :]
    return page


def _drawn(arrows: dict[tuple[str, str], list[str]]) -> str:
    lines = [f"    {old} --> {new}: {', '.join(why)}" for (old, new), why in arrows.items()]
    return "\n".join(["stateDiagram-v2", *lines])


def main(page: Path) -> None:
    """Draw the diagrams of a page anew."""
    page.write_text(redrawn(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
