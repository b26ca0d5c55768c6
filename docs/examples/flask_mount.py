"""Number plates in a Flask application: its own routes, and our API below /plates.

pip install a2wsgi
flask --app flask_mount run
curl -F file=@car.jpg http://127.0.0.1:5000/plates/api/v1/read
"""

import atexit
import os
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from functools import cache
from typing import Any

from a2wsgi import ASGIMiddleware
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from streamer import web_app

app = Flask(__name__)
closing = ExitStack()
atexit.register(closing.close)
opening = threading.Lock()


@cache
def opened() -> ASGIMiddleware:
    # A configuration (gate.yaml) or none; guarded=False where you ask yourself who is there.
    return ASGIMiddleware(closing.enter_context(web_app(os.environ.get("PLATES_CONFIG"))))


def plates(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    # At the first request, in the process that answers it: threads do not come along in a fork.
    with opening:
        api = opened()
    return api(environ, start_response)


app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/plates": plates})


@app.get("/")
def home() -> dict[str, str]:
    return {"plates": "/plates/api/v1"}
