"""A web server on loopback that misbehaves as it is asked to."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """`with FileServer() as server: server.files["/a.onnx"] = b"…"`, then `server.url`.

    A file is its bytes, or a function that is given the request's handler and answers itself.
    `asked` are the paths so far. `tls` is an `ssl.SSLContext` of a server.
    """

    def __init__(self, tls=None):
        self.files = {}
        self.asked = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._host = "http://127.0.0.1" if tls is None else "https://localhost"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self):
        return f"{self._host}:{self._http.server_port}"

    def _handler(owner):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.asked.append(self.path)
                found = owner.files.get(self.path)
                if callable(found):
                    found(self)
                elif found is None:
                    self.send_error(404)
                else:
                    send(self, found)

            def log_message(self, *_):
                pass

        return Handler

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join(10)
        self._http.server_close()

    close = __exit__


def send(handler, content, length=None):
    """A good answer, or one that promises another `length`."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)
