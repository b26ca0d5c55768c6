"""A Flask application behind a real server on loopback."""

import threading
from contextlib import contextmanager

from werkzeug.serving import make_server


@contextmanager
def flask_served(app):
    """Its address while the block lasts."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
