"""Number plates in a FastAPI application: its own routes, and our API below /plates.

uvicorn fastapi_mount:app
curl -F file=@car.jpg http://127.0.0.1:8000/plates/api/v1/read
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from streamer import web_app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # A configuration (gate.yaml) or none; guarded=False where you ask yourself who is there.
    with web_app(os.environ.get("PLATES_CONFIG")) as plates:
        app.mount("/plates", plates)
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def home() -> dict[str, str]:
    return {"plates": "/plates/api/v1"}
