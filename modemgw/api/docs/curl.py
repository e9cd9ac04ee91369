"""A call as a line for the shell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def example_body(operation: Mapping[str, Any]) -> Any:
    """The first body that the operation shows; None where it takes none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in content:
        return content["example"]
    return next((e["value"] for e in content.get("examples", {}).values()), None)


def curl(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """A command that works when $MODEMGW_URL, $MODEMGW_KEY and what is in braces are filled in."""
    line = "curl -s"
    if is_stream(operation):
        line += "N"
    body = example_body(operation)
    if method != ("POST" if "requestBody" in operation else "GET"):
        line += f" -X {method}"
    line += f' "$MODEMGW_URL{path}"'
    if operation.get("security") != []:
        line += ' \\\n  -H "Authorization: Bearer $MODEMGW_KEY"'
    if body is None:
        for media in operation.get("requestBody", {}).get("content", {}):
            line += f" \\\n  -H 'Content-Type: {media}' \\\n  --data-binary @FILE"
    if body is not None:
        example = json.dumps(body, ensure_ascii=False)
        if len(example) > 60:
            example = json.dumps(body, ensure_ascii=False, indent=2)
        example = example.replace("'", "'\\''")
        line += f" \\\n  -H 'Content-Type: application/json' \\\n  -d '{example}'"
    return line


def is_stream(operation: Mapping[str, Any]) -> bool:
    """Whether its answer has no end."""
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})
