"""A real mosquitto on a random loopback port, and a client that notes what it is sent."""

import itertools
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tools import require_tool

PATIENCE_S = 60.0  # nobody waits so long but a machine that is busy
PORTS_EACH, MOST_WORKERS = 1000, 8
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def wait_until(condition, timeout_s=PATIENCE_S, what="it did not come true"):
    """The first true value of `condition()`."""
    until = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < until, what() if callable(what) else what
        time.sleep(0.01)
    return value


def _ports():
    """Below those that the kernel gives to whoever asks for any: what is free when it is chosen
    is not taken when it is needed, by a client of another test, say. Each of pytest's processes
    has its own."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first = min(int(file.read().split()[0]), 32768)
    begin = first - PORTS_EACH * MOST_WORKERS
    if begin < 2048:  # the kernel gives nearly all of them; at least no two of us take the same
        begin = 20_000
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    begin += PORTS_EACH * (worker % MOST_WORKERS)
    ports = list(range(begin, begin + PORTS_EACH))
    random.shuffle(ports)  # another run on this machine begins elsewhere
    return itertools.cycle(ports)


_PORTS = _ports()


def free_port():
    """Where nobody listens on loopback; another one each time."""
    for port in _PORTS:
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def as_nobody():
    """The words before a command that make root nobody; none for others, or where forbidden."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        return []
    words = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    allowed = subprocess.run([*words, "true"], check=False, capture_output=True)
    return words if allowed.returncode == 0 else []


class Certificates:
    """An authority and a certificate for `localhost` (not 127.0.0.1), by openssl (EC, SAN)."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.ca, self.cert, self.key = (
            self.folder / name for name in ("ca.pem", "server.pem", "server.key")
        )
        self._make()

    def _make(self):
        self._openssl(
            *("req", "-x509", *NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2"),
            *("-subj", "/CN=test authority"),
        )
        (self.folder / "names").write_text("subjectAltName=DNS:localhost\n")
        self._sign("server", "localhost", "-extfile", "names")

    def client(self, name, days=2):
        """A client's certificate and key, signed for so many days (0: expired at once)."""
        self._sign(name, name, days=days)
        return {"cert_file": self.folder / f"{name}.pem", "key_file": self.folder / f"{name}.key"}

    def _sign(self, file, name, *more, days=2):
        self._openssl(
            *("req", *NEW_KEY, "-keyout", f"{file}.key", "-out", f"{file}.csr"),
            *("-subj", f"/CN={name}"),
        )
        self._openssl(
            *("x509", "-req", "-in", f"{file}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-out", f"{file}.pem", "-days", str(days), *more),
        )

    def _openssl(self, *words):
        openssl = require_tool("openssl")
        subprocess.run([openssl, *words], cwd=self.folder, check=True, capture_output=True)


class Mosquitto:
    """`with Mosquitto() as broker:` `broker.port` is where it listens, for its whole life.

    `passwords` maps users to passwords; `tls` makes the listener speak TLS by
    `broker.certificates`, and ask for the client's ("ask"); `settings` are further lines of its
    configuration, `acl` those of its access list. What it retains survives `stop` and `start`.
    """

    def __init__(self, passwords=None, tls=False, acl="", settings=""):
        self.host = "127.0.0.1"
        self.port = free_port()
        self._program = require_tool("mosquitto")
        self._words = as_nobody()
        # Not pytest's folder: nobody may not enter that one.
        self.folder = Path(tempfile.mkdtemp(prefix="mosquitto-"))
        self.certificates = Certificates(self.folder) if tls else None
        self._configure(passwords or {}, acl, settings, ask=tls == "ask")
        self._process = None

    def _configure(self, passwords, acl, settings, ask):
        lines = [
            f"listener {self.port} {self.host}",
            f"allow_anonymous {'false' if passwords else 'true'}",
            "persistence true",
            f"persistence_location {self.folder}/",
            f"log_dest file {self.folder}/log",
            "log_type all",
            "set_tcp_nodelay true",
            settings,
        ]
        if os.getuid() == 0 and not self._words:
            lines.append("user root")  # root of a user namespace, nobody outside it
        if self.certificates:
            lines += [f"certfile {self.certificates.cert}", f"keyfile {self.certificates.key}"]
        if ask:
            lines += [f"cafile {self.certificates.ca}", "require_certificate true"]
        if passwords:
            lines.append(f"password_file {self.folder}/passwords")
            (self.folder / "passwords").touch()
        for user, password in passwords.items():
            tool = require_tool("mosquitto_passwd")
            words = [tool, "-b", str(self.folder / "passwords"), user, password]
            subprocess.run(words, check=True, capture_output=True)
        if acl:
            (self.folder / "acl").write_text(acl)
            lines.append(f"acl_file {self.folder}/acl")
        (self.folder / "conf").write_text("\n".join(lines) + "\n")
        if self._words:
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, "nobody", "nogroup")

    def start(self):
        command = [*self._words, self._program, "-c", str(self.folder / "conf")]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers, what=lambda: "mosquitto does not start:\n" + self.log())
        return self

    def _answers(self):
        assert self._process.poll() is None, "mosquitto ended:\n" + self.log()
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def log(self):
        path = self.folder / "log"
        return path.read_text() if path.exists() else "(no log)"

    def stop(self):
        """SIGTERM: it says good-bye and writes down what it retains."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def kill(self):
        """SIGKILL: what it had not read or written down is lost."""
        self._process.kill()
        self._process.wait(60)
        self._process = None

    def freeze(self):
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Subscriber:
    """Notes every message below `topic`; its session, and what it missed, survives an outage,
    and under the same `name` another subscriber too."""

    def __init__(self, broker, topic="#", username=None, password=None, qos=1, name=None):
        self.messages = []
        self._topic, self._qos = topic, qos
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            name or f"subscriber-{os.urandom(4).hex()}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = lambda client, _, message: self.messages.append(message)
        self._ready = False
        if username:
            self._client.username_pw_set(username, password)
        if broker.certificates:
            self._client.tls_set(str(broker.certificates.ca))
        keep = Properties(PacketTypes.CONNECT)
        keep.SessionExpiryInterval = 3600
        host = "localhost" if broker.certificates else broker.host
        self._client.connect(host, broker.port, clean_start=False, properties=keep)
        self._client.loop_start()
        wait_until(lambda: self._ready, what="the subscriber is not served")

    def _on_connect(self, client, _, flags, reason, properties):
        if not flags.session_present:
            client.subscribe(self._topic, qos=self._qos)
        self._ready = flags.session_present

    def _on_subscribe(self, client, _, mid, reasons, properties):
        self._ready = True

    def of(self, topic):
        """The messages of one topic."""
        return [message for message in self.messages if message.topic == topic]

    def texts(self, topic):
        return [message.payload.decode() for message in self.of(topic)]

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
