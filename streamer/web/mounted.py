"""The API inside another application, below whatever path that one mounts it at."""

from starlette.types import ASGIApp, Receive, Scope, Send

from streamer.web.problems import problem

API = "/api/"
THEIRS = {"app", "router", "endpoint", "path_params", "state"}
"""What the application around it has said of a request."""
STREAMS = "/live"
"""How the paths of answers without an end end."""


class Mounted:
    """`app` as if it stood at the root of a server: its guard and its limits go by paths.

    Only the API is served: the pages want an address of their own. Behind an adapter to WSGI
    (a2wsgi leaves its `wsgi_environ` in the scope) nobody tells when who listened is gone: no
    streams there, they would never end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what is no HTTP is the business of whoever mounts it."""
        if scope["type"] != "http":
            return
        at: str = scope.get("root_path", "")
        path = scope["path"].removeprefix(at)
        if not path.startswith(API):
            await problem(404, f"there is only the API here, at {at}/api/v1")(scope, receive, send)
            return
        if "wsgi_environ" in scope and path.endswith(STREAMS):
            text = "live streams want an ASGI server: plate-streamer serve, or FastAPI around us"
            await problem(501, text)(scope, receive, send)
            return
        own = {key: value for key, value in scope.items() if key not in THEIRS}
        # Addresses in answers are made with app_root_path, paths are looked up without it.
        own |= {"path": path, "root_path": "", "app_root_path": at}
        await self._app(own, receive, send)
