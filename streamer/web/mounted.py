"""The API inside another application, below whatever path that one mounts it at."""

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from streamer.web.problems import problem
from streamer.web.wsgi import PIECE_S, has_no_length, is_wsgi, told_of_the_end

API = "/api/"
THEIRS = {"app", "router", "endpoint", "path_params", "state"}
"""What the application around it has said of a request."""
STREAMS = "/live"
"""How the paths of answers without an end end."""


class Mounted:
    """`app` as if it stood at the root of a server: its guard and its limits go by paths.

    Only the API is served: the pages want an address of their own. Behind an adapter to WSGI
    there are no streams: nobody could tell when who listened is gone, and they would never end.
    """

    def __init__(self, app: ASGIApp, piece_s: float = PIECE_S) -> None:
        self._app = app
        self._piece_s = piece_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what is no HTTP is the business of whoever mounts it."""
        if scope["type"] != "http":
            return
        at: str = scope.get("root_path", "")
        path = scope["path"].removeprefix(at)
        if refused := _refusal(scope, path, at):
            await refused(scope, receive, send)
            return
        if is_wsgi(scope):
            receive, send = told_of_the_end(receive, send, self._piece_s)
        own = {key: value for key, value in scope.items() if key not in THEIRS}
        # Addresses in answers are made with app_root_path, paths are looked up without it.
        own |= {"path": path, "root_path": "", "app_root_path": at}
        await self._app(own, receive, send)


def _refusal(scope: Scope, path: str, at: str) -> Response | None:
    if not path.startswith(API):
        return problem(404, f"there is only the API here, at {at}/api/v1")
    if is_wsgi(scope) and path.endswith(STREAMS):
        text = "live streams want an ASGI server: plate-streamer serve, or FastAPI around us"
        return problem(501, text)
    if is_wsgi(scope) and has_no_length(scope):
        return problem(411, "say how long the body is: no Content-Length came")
    return None
