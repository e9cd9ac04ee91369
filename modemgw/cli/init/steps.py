"""What to do next, as commands to paste."""

from __future__ import annotations

import shlex
from pathlib import Path

from modemgw.cli.options import url_of
from modemgw.config import DEFAULT_PATH, Config


def next_steps(file: Path, config: Config, token: str | None, *, serviced: bool) -> str:
    """Lines for a person; `serviced`: a service runs it."""
    at = "" if file == DEFAULT_PATH else f" --config {shlex.quote(str(file))}"
    listens = url_of(config.http)
    if config.http.unix_path is not None:
        where = f"--unix-socket {shlex.quote(str(config.http.unix_path))} http://localhost"
    else:
        where = listens
    runs = "systemctl status modemgw" if serviced else f"modemgw serve{at}"
    return f"""
Next:
  {runs}
  export MODEMGW_KEY={token or "mgw_…"}
  curl -H "Authorization: Bearer $MODEMGW_KEY" \\
       -H 'Content-Type: application/json' \\
       -d '{{"to": "+447700900123", "text": "Hello"}}' \\
       {where}/v1/messages
  modemgw doctor{at}
  modemgw selftest{at}
doctor looks for what is wrong with this machine; selftest has every SIM write to
others, which costs a few messages."""
