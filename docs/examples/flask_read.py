"""Number plates in a Flask application: a picture is sent, its plates are answered.

flask --app flask_read run
curl -F file=@car.jpg http://127.0.0.1:5000/plates
"""

import threading
from dataclasses import asdict

import cv2
import numpy as np
from flask import Flask, abort, request

from streamer import PlateReader

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 20_000_000
mine = threading.local()


def reader() -> PlateReader:
    """One for each thread: its networks are loaded once, and used by one thread at a time."""
    if not hasattr(mine, "reader"):
        mine.reader = PlateReader()
    return mine.reader


@app.post("/plates")
def plates() -> list[dict[str, object]]:
    data = np.frombuffer(request.files["file"].read(), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        abort(422, "no picture")
    return [asdict(plate) for plate in reader().read(image)]
