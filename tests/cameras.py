"""A real RTSP server on loopback, and one that is none."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path
from select import select
from urllib.parse import quote

from broker import free_port
from tools import require_gst

SCRIPT = Path(__file__).with_name("rtsp_server.py")
START_S = 120.0


class RtspServer:
    """`with RtspServer(clip) as server:` serves `server.url`, from GStreamer's own server.

    `login` is user and password; `method` how they are asked for (basic, digest). It can be
    killed, frozen and started again on the same port.
    """

    def __init__(self, clip, login=None, method="basic"):
        self._words = [require_gst(), str(SCRIPT), str(clip)]
        self._login = login
        self._method = method
        self._process = None
        self.port = free_port()

    def start(self):
        login = [":".join(self._login), self._method] if self._login else []
        words = [*self._words, str(self.port), *login]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        ready, _, _ = select([self._process.stdout], [], [], START_S)
        line = self._process.stdout.readline() if ready else "nothing"
        assert line.startswith("READY"), f"the RTSP server says {line!r}"
        self.port = int(line.split()[1])
        return self

    @property
    def url(self):
        return self.place("/cam")

    def place(self, path, login=None):
        user, password = login or self._login or (None, None)
        who = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
        return f"rtsp://{who}127.0.0.1:{self.port}{path}"

    def freeze(self):
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)
            self._process.stdout.close()
            self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


@contextlib.contextmanager
def answering(reply=b""):
    """The port of a server that answers whatever it is told with `reply`, or never."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept = []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    kept.append(connection)
                    if reply:
                        connection.recv(4096)
                        connection.sendall(reply)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            for connection in kept:
                connection.close()
