"""What the description of the API says of problems, and of who may ask."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from streamer.web.guard import PUBLIC
from streamer.web.problems import ProblemDetails

REF = "#/components/schemas/{model}"
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": "plate-streamer"},
}


def tell_of_problems(app: FastAPI) -> None:
    """Have the description of `app` say how problems look, those of FastAPI itself as well."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = plain()
            _amend(described)
            app.openapi_schema = described
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _amend(described: dict[str, Any]) -> None:
    _, models = models_json_schema([(ProblemDetails, "serialization")], ref_template=REF)
    components = described.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(models["$defs"])
    # FastAPI says what it would answer to a faulty request; here that is a problem.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["securitySchemes"] = SCHEMES
    for path, operations in described["paths"].items():
        for operation in operations.values():
            operation["security"] = [{}] if path in PUBLIC else [{name: []} for name in SCHEMES]
