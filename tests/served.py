"""An application behind a real server on loopback, for what happens between sockets."""

import threading
import time
from contextlib import contextmanager

import uvicorn


@contextmanager
def served(app, below="", lifespan="off"):
    """Its address, `http://127.0.0.1:PORT` and `below`, while the block lasts."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan=lifespan)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 120
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    assert server.started
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{below}"
    finally:
        server.should_exit = True
        thread.join(120)
        assert not thread.is_alive()
