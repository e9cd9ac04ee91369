"""The OpenAPI 3.1 document of the API."""

from modemgw.api.openapi.document import document

__all__ = ["document"]
