"""The documentation that the gateway serves: /openapi.json, /docs and /problems."""

from modemgw.api.docs.endpoints import endpoints

__all__ = ["endpoints"]
