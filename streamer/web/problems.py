"""Errors as problem details (RFC 9457), each fault with the field that it is about."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from streamer.errors import NotPossible, NotThere, UserError, WrongInput

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is no success. `field` is like `body.plate` or `query.since`."""

    def __init__(
        self,
        status: int,
        detail: str,
        field: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = [{"field": field, "detail": detail}] if field else []
        self.headers = headers or {}


def problem(
    status: int,
    detail: str,
    errors: Iterable[dict[str, Any]] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The response that says so."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if listed := list(errors):
        body["errors"] = listed
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def answer(error: Problem) -> JSONResponse:
    """The response that tells it."""
    return problem(error.status, error.detail, error.errors, error.headers)


class Fault(BaseModel):
    """A part of the request and what is wrong with it."""

    field: str = Field(examples=["query.since"])
    detail: str


class ProblemDetails(BaseModel):
    """Why there is no other answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


EVERYWHERE = (400, 401, 403, 408, 413, 415, 421, 422, 429, 500, 503)
"""What any route may answer, whatever it is about; `site.py` declares them for all."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the problems it answers with, beside those `EVERYWHERE`."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def install_problems(app: FastAPI) -> None:
    """Have every error of `app` answered as problem details."""

    @app.exception_handler(Problem)
    def _(_request: Request, error: Problem) -> JSONResponse:
        return answer(error)

    @app.exception_handler(UserError)
    def _(_request: Request, error: UserError) -> JSONResponse:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    @app.exception_handler(NotThere)
    def _(_request: Request, error: NotThere) -> JSONResponse:
        return problem(HTTPStatus.NOT_FOUND, str(error))

    @app.exception_handler(NotPossible)
    def _(_request: Request, error: NotPossible) -> JSONResponse:
        return problem(HTTPStatus.CONFLICT, str(error))

    @app.exception_handler(WrongInput)
    def _(_request: Request, error: WrongInput) -> JSONResponse:
        listed = [{"field": part, "detail": what} for part, what in error.by_part if part]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), listed)

    @app.exception_handler(HTTPException)
    def _(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    def _(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(map(str, fault["loc"])), "detail": fault["msg"]}
            for fault in error.errors()
        ]
        detail = "; ".join(f"{one['field']}: {one['detail']}" for one in errors)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors)

    @app.exception_handler(Exception)
    def _(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "this should not have happened; see the log"
        )
