"""Reads a configuration file: TOML in, a Config or every problem at once out."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modemgw.config.errors import ConfigError, problems_of
from modemgw.config.finding import ENVIRONMENT_VARIABLE
from modemgw.config.tree import Config


def load(path: str | os.PathLike[str]) -> Config:
    """Read and validate a configuration file.

    Raises ConfigError: one line a problem, with the file, the key and what would be right.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            document = tomllib.load(stream)
    except FileNotFoundError as error:
        raise ConfigError(
            [
                f"{file}: there is no such file; name one with --config FILE or "
                f"${ENVIRONMENT_VARIABLE}"
            ]
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: cannot be read: {error}"]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{file}: not valid TOML: {error}"]) from error
    return parse(document, source=str(file))


def parse(document: Mapping[str, Any], *, source: str = "configuration") -> Config:
    """Validate a configuration that was already read. Raises ConfigError (see `load`)."""
    try:
        return Config.model_validate(dict(document))
    except ValidationError as error:
        raise ConfigError([f"{source}: {line}" for line in problems_of(error, Config)]) from error
