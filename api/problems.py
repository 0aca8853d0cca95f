"""Every error as `application/problem+json` (RFC 9457), so that a sender's program can act on it."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api.ports import LogAway
from api.store.errors import InvalidCursor, StoreError

MEDIA_TYPE = "application/problem+json"
SECONDS_TO_TRY_AGAIN = "5"


class ProblemDetails(BaseModel):
    """What went wrong. `reason` is a code, where there is one; `errors` names each part that is wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    reason: str | None = None
    errors: list[dict[str, Any]] | None = None


RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {
        "description": "What went wrong, as RFC 9457 has it",
        "content": {MEDIA_TYPE: {"schema": ProblemDetails.model_json_schema()}},
    }
    for code in (422, "default")
}


class Problem(Exception):
    """An answer other than the one asked for."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        reason: str | None = None,
        errors: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.reason = reason
        self.errors = errors


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    details = ProblemDetails(
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=problem.detail,
        reason=problem.reason,
        errors=problem.errors,
    )
    body = orjson.dumps(details.model_dump(exclude_none=True))
    return Response(body, problem.status, headers, MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Make the app answer every error, its own and the framework's, with a problem."""

    @app.exception_handler(Problem)
    async def own(_request: Request, error: Problem) -> Response:
        return problem_response(error)

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        return problem_response(Problem(error.status_code, _why(request, error)), error.headers)

    @app.exception_handler(RequestValidationError)
    async def of_validation(_request: Request, error: RequestValidationError) -> Response:
        errors = [
            {"where": _where(wrong["loc"]), "detail": wrong["msg"].removeprefix("Value error, ")}
            for wrong in error.errors()
        ]
        first = f"{errors[0]['where']}: {errors[0]['detail']}"
        return problem_response(Problem(422, first, reason="invalid_request", errors=errors))

    @app.exception_handler(InvalidCursor)
    async def of_cursor(_request: Request, error: InvalidCursor) -> Response:
        return problem_response(Problem(400, str(error), reason="invalid_cursor"))

    @app.exception_handler(StoreError)
    @app.exception_handler(LogAway)
    async def of_what_is_away(_request: Request, error: Exception) -> Response:
        reason = "log_away" if isinstance(error, LogAway) else "store_unavailable"
        headers = {"Retry-After": SECONDS_TO_TRY_AGAIN}
        return problem_response(Problem(503, f"{error}; try again", reason=reason), headers)

    @app.exception_handler(Exception)
    async def unforeseen(_request: Request, _error: Exception) -> Response:
        return problem_response(Problem(500, "a fault of ours, not of the request; the server's log has it"))


def _why(request: Request, error: HTTPException) -> str:
    if error.status_code == 404:
        return f"there is nothing at {request.url.path}"
    if error.status_code == 405:
        return f"{request.url.path} does not take {request.method}"
    return str(error.detail)


def _where(location: Sequence[Any]) -> str:
    return ".".join(str(part) for part in location)
