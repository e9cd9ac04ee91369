"""Several gateways for one command line: each has a name, an address and a key."""

from modemgw.cli.contexts.file import Context, ContextError, Contexts, default_path

__all__ = ["Context", "ContextError", "Contexts", "default_path"]
