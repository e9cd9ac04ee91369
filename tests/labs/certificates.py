"""Certificates of an authority of our own, as files, and clients that trust it."""

from __future__ import annotations

import ssl
from pathlib import Path

from trustme import CA, LeafCert


def write(directory: Path, cert: LeafCert) -> tuple[Path, Path]:
    """A certificate with its chain, and its key, in two files as certbot names them."""
    chain, key = directory / "fullchain.pem", directory / "privkey.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in cert.cert_chain_pems))
    key.write_bytes(cert.private_key_pem.bytes())
    return chain, key


def trusting(ca: CA) -> ssl.SSLContext:
    """A client's context that knows this authority."""
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context
