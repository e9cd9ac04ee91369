"""/problems: what each type of problem means and what to do about it, as data and as pages."""

from __future__ import annotations

import json
from collections.abc import Iterator

from modemgw.api import answers
from modemgw.api.docs.html import frame, header, text
from modemgw.api.docs.operations import code
from modemgw.api.openapi.failures import problem_example
from modemgw.api.problem_types import PROBLEM_TYPES, Retry, page_of, type_uri

RETRY: dict[Retry, str] = {
    "no": "Not as it is: the same request gets the same answer.",
    "later": "Yes, after a pause, with the same Idempotency-Key.",
}


def describe(name: str) -> answers.ProblemType:
    """A type of problem as data."""
    kind = PROBLEM_TYPES[name]
    return {
        "name": name,
        "type": type_uri(name),
        "status": kind.status,
        "title": kind.title,
        "meaning": kind.meaning,
        "remedy": kind.remedy,
        "retry": kind.retry,
        "example": problem_example(name),
    }


def page(name: str) -> str:
    """The page about a type of problem."""
    return frame(PROBLEM_TYPES[name].title, _page(name), root="../")


def index() -> str:
    """The page that lists them all."""
    return frame("Problems", _index())


def _page(name: str) -> Iterator[str]:
    kind = PROBLEM_TYPES[name]
    yield header("../")
    yield f'<main id="content" class="alone"><h1>{text(kind.title)}</h1>'
    yield (
        f'<p><span class="status s{kind.status // 100}">{kind.status}</span> '
        f"<code>{type_uri(name)}</code></p>"
    )
    yield f"<p>{text(kind.meaning)}</p>"
    yield f"<h2>What to do</h2><p>{text(kind.remedy)}</p>"
    yield f"<h2>Send it again?</h2><p>{RETRY[kind.retry]}</p><h2>Example</h2>"
    yield code(json.dumps(problem_example(name), indent=2, ensure_ascii=False), "Body")
    yield '<p><a href="../problems">All problems</a></p></main>'


def _index() -> Iterator[str]:
    yield header()
    yield '<main id="content" class="alone"><h1>Problems</h1>'
    yield (
        "<p>Every answer that is no success is a problem after RFC 9457. Programs look at its "
        "<code>type</code>, which never changes; each has a page here.</p>"
        '<div class="wide"><table class="answers"><tbody>'
    )
    for name, kind in PROBLEM_TYPES.items():
        yield (
            f'<tr><th scope="row"><span class="status s{kind.status // 100}">{kind.status}</span>'
            f'</th><td><a href="{page_of(name)[1:]}"><code>{name}</code></a>'
            f"<div>{text(kind.title)}</div></td></tr>"
        )
    yield "</tbody></table></div></main>"
