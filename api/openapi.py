"""The API's own document, and the page that shows it from our own files."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problem import ProblemBody
from ioc import __version__

DESCRIPTION = """
Events in, live views and alarms out. Times are UTC with `Z`; ranges are [from, to); an `area` is a
commune's code, and `19` or none means the whole province. Errors are problem+json (RFC 9457) with a
`code`. Send an API key as `Authorization: Bearer …` or `X-API-Key`; authentication may be off on a
loopback address only.
"""


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; made once, at the first call."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="IOC",
            version=__version__,
            summary="The smart operations center of a province",
            description=DESCRIPTION,
            routes=app.routes,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = ProblemBody.model_json_schema()
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for operations in made["paths"].values():
            for operation in operations.values():
                # What FastAPI answers with 422 is a 400 here, with the same body as every error.
                operation["responses"].pop("422", None)
        app.openapi_schema = made
    return app.openapi_schema
