"""A real PostgreSQL on a random loopback port, in a folder of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from broker import as_nobody, free_port, wait_until
from tools import missing

ROLE = "archivist"
PASSWORD = "s3cret/word"


def tool(name):
    """The path of one of the server's programs: Debian keeps them out of the way."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = str(places[0]) if places else shutil.which(name)
    if found is None:
        missing(f"{name} (postgresql)")
    return found


def as_somebody():
    """The words before a command that make root, as which PostgreSQL refuses to run, another."""
    if os.getuid() != 0 or as_nobody():
        return as_nobody()
    # Root of a user namespace, which has no other user; a namespace within it may.
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


class PostgresServer:
    """`with PostgresServer() as server:` `server.database()` is the URL of a new, empty database.

    What is in it survives `stop` and `start`.
    """

    def __init__(self):
        self.port = free_port()
        self._initdb, self._postgres = tool("initdb"), tool("postgres")
        self._words = as_somebody()
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._process = None
        self._count = 0
        self._initialise()

    def _initialise(self):
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if "setpriv" in self._words:
            for path in (self.folder, secret):
                shutil.chown(path, "nobody", "nogroup")
        subprocess.run(
            [
                *(*self._words, self._initdb, "-D", str(self.folder / "data"), "-U", ROLE),
                *("--pwfile", str(secret), "--auth", "scram-sha-256", "--encoding", "UTF8"),
                *("--locale", "C.UTF-8", "--no-sync"),
            ],
            check=True,
            capture_output=True,
        )

    def start(self):
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "max_connections": 100,
            "fsync": "off",  # the tests cut no power
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._words, self._postgres, "-D", str(self.folder / "data"), *options],
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, what=lambda: "PostgreSQL does not start:\n" + self.log())
        return self

    def _answers(self):
        assert self._process.poll() is None, "PostgreSQL ended:\n" + self.log()
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database, password=PASSWORD):
        secret = password.replace("/", "%2F")
        return f"postgresql://{ROLE}:{secret}@127.0.0.1:{self.port}/{database}"

    def database(self):
        """The URL of a new, empty database."""
        self._count += 1
        name = f"archive{os.getpid()}_{self._count}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def log(self):
        path = self.folder / "log"
        return path.read_text() if path.exists() else "(no log)"

    def stop(self):
        """SIGINT: whoever is connected is cut off. (SIGTERM would wait for them for ever.)"""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:  # it may, who froze while somebody connected
                self._process.send_signal(signal.SIGQUIT)
                try:
                    self._process.wait(20)
                except subprocess.TimeoutExpired:  # its children end when they miss it
                    self._process.kill()
                    self._process.wait()
            self._process = None

    def freeze(self):
        """The server listens, but answers nobody any more: its network is gone, say."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        # A hundred databases are a hundred thousand files: nobody waits for a busy disk.
        subprocess.Popen([*self._words, "rm", "-rf", str(self.folder)])
