"""What a person did or met is one clear line on standard error, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def told(*kinds: type[Exception]) -> Iterator[None]:
    """Turns exceptions of these kinds into click's own: `Error: …`, exit code 1."""
    try:
        yield
    except kinds as error:
        raise click.ClickException(str(error)) from error
