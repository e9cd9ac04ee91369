"""[webhooks]: where the webhooks that the API's users create may lead."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator

from modemgw.config.base import Section, Wait

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)*(?!\d+$|0[xX])({_LABEL})", re.ASCII)


def _host_or_network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError as error:
        if _NAME.fullmatch(text):
            return text
        if "host bits" in str(error):
            whole = ip_network(text, strict=False)
            raise ValueError(f"as a network this is {whole}; write that") from error
        raise ValueError(
            "this must be an address (192.0.2.7), a network (192.0.2.0/24), a host's name "
            "(hooks.example) or all of a domain (*.example)"
        ) from error
    return text


Host = Annotated[str, AfterValidator(_host_or_network)]


class WebhooksSection(Section):
    """[webhooks]"""

    allow: tuple[Host, ...] = ()
    """May be posted to though they are link-local, metadata of a cloud, multicast …"""
    only: tuple[Host, ...] = ()
    """If there are any: nobody is posted to but these and those of `allow`."""
    lookup_timeout: Wait = 5
    """How long the look-up of a host's name may take."""
