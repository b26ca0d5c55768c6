"""Number plates in a Flask application: its own routes, and our API below /plates.

pip install a2wsgi
flask --app flask_mount run
curl -F file=@car.jpg http://127.0.0.1:5000/plates/api/v1/read
"""

import atexit
import os

from a2wsgi import ASGIMiddleware
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from streamer import web_app

app = Flask(__name__)

# A configuration (gate.yaml) or none; guarded=False where you ask yourself who is there.
opened = web_app(os.environ.get("PLATES_CONFIG"))
plates = ASGIMiddleware(opened.__enter__())
atexit.register(opened.__exit__, None, None, None)
app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/plates": plates})


@app.get("/")
def home() -> dict[str, str]:
    return {"plates": "/plates/api/v1"}
