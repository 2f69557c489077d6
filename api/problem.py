"""Errors as RFC 9457 problem+json, each with a `code` that programs can rely on."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from connectors.timescale.database import DatabaseFullError
from ioc.errors import (
    BrokerUnavailableError,
    ConfigError,
    ConflictError,
    DatabaseUnavailableError,
    NotFoundError,
)

MEDIA_TYPE = "application/problem+json"
#: What a client waits before it asks again when Kafka or the database is away.
RETRY_AFTER_S = 2
#: One request can break many rules; naming the first ones is enough.
ERRORS_SHOWN_MAX = 20

_CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    500: "internal",
    503: "unavailable",
}


class ProblemBody(BaseModel):
    """What every error answer looks like."""

    model_config = ConfigDict(
        title="Problem",
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "there is no such alarm",
                "code": "not_found",
            }
        },
    )

    type: str
    title: str
    status: int
    detail: str
    code: str


class Problem(HTTPException):
    """Raise it anywhere in a call: the client gets `status`, `code` and the sentence `detail`.

    `extra` are further members of the answer, as the current alarm beside a 409.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        # An HTTPException, because FastAPI turns every other error of reading a body into a 400.
        super().__init__(status, detail, dict(headers) if headers else None)
        self.code = code or _CODES.get(status, "error")
        self.extra = dict(extra or {})


def of(error: HTTPException) -> Problem:
    """Return an error of the framework as a problem; one of ours is one."""
    if isinstance(error, Problem):
        return error
    return Problem(error.status_code, str(error.detail), headers=error.headers)


def answer(problem: Problem) -> Response:
    """Return the problem as a response."""
    body = {
        **problem.extra,
        "type": "about:blank",
        "title": HTTPStatus(problem.status_code).phrase,
        "status": problem.status_code,
        "detail": problem.detail,
        "code": problem.code,
    }
    headers = dict(problem.headers or {})
    if problem.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", str(RETRY_AFTER_S))
    return Response(
        orjson.dumps(body, default=str),
        status_code=problem.status_code,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI `responses` of the errors that a call may answer with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""

    @app.exception_handler(HTTPException)
    def _http(_: Request, error: HTTPException) -> Response:
        return answer(of(error))

    @app.exception_handler(RequestValidationError)
    def _invalid(_: Request, error: RequestValidationError) -> Response:
        return answer(_validation(error))

    @app.exception_handler(NotFoundError)
    def _not_found(_: Request, error: NotFoundError) -> Response:
        return answer(Problem(404, str(error)))

    @app.exception_handler(ConflictError)
    def _conflict(_: Request, error: ConflictError) -> Response:
        return answer(Problem(409, str(error)))

    @app.exception_handler(ConfigError)
    def _refused(_: Request, error: ConfigError) -> Response:
        return answer(Problem(400, str(error)))

    @app.exception_handler(DatabaseUnavailableError)
    def _database(_: Request, error: DatabaseUnavailableError) -> Response:
        return answer(_database_problem(error))

    @app.exception_handler(BrokerUnavailableError)
    def _broker(_: Request, __: BrokerUnavailableError) -> Response:
        return answer(Problem(503, "Kafka does not answer", code="kafka_unavailable"))

    @app.exception_handler(Exception)
    def _bug(_: Request, __: Exception) -> Response:
        # Starlette raises it again behind this answer, so that the server logs the traceback.
        return answer(Problem(500, "something went wrong here; the server's log says what"))


def _database_problem(error: DatabaseUnavailableError) -> Problem:
    # The driver's words may name hosts, users and paths: they are for our log, not for the client.
    if isinstance(error, DatabaseFullError):
        return Problem(503, "the database's disk is full", code="database_full")
    return Problem(503, "the database does not answer", code="database_unavailable")


def _validation(error: RequestValidationError) -> Problem:
    # The value itself is never repeated: it may be personal.
    errors = [
        {"at": ".".join(str(part) for part in found["loc"]), "detail": found["msg"]}
        for found in error.errors()[:ERRORS_SHOWN_MAX]
    ]
    first = errors[0] if errors else {"at": "request", "detail": "it cannot be read"}
    return Problem(400, f"{first['at']}: {first['detail']}", extra={"errors": errors})
