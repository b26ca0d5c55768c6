"""A real MqttSink at a real broker, and doors before the broker that behave badly."""

import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager

from broker import wait_until
from streamer.controls import Controls
from streamer.sinks.mqtt import MqttSink

SUBACK, NOT_AUTHORIZED = 0x90, 0x87


class Reports:
    """What a sink says of the other side, in order; None: it is there."""

    def __init__(self):
        self.said = []

    def __call__(self, error):
        self.said.append(error)

    @property
    def up(self):
        return bool(self.said) and self.said[-1] is None

    def fault(self):
        return wait_until(lambda: next((said for said in self.said if said), None))


@contextmanager
def running(broker, cameras=(), wait=True, **options):
    """A sink that is started, and connected unless `wait` is False; gives it and its reports."""
    options = {"host": broker.host, "port": broker.port, "client_id": uuid.uuid4().hex} | options
    sink, reports = MqttSink(Controls(cameras), **options), Reports()
    sink.start(reports)
    try:
        if wait:
            wait_until(lambda: reports.up, what=lambda: f"not connected: {reports.said}")
        yield sink, reports
    finally:
        sink.close(2.0)


@contextmanager
def another_process(broker, topic):
    """A sink in a process of its own, connected; killed at the end if it lives."""
    program = (
        "import sys, time\n"
        "from streamer.sinks.mqtt import MqttSink\n"
        "sink = MqttSink(host=sys.argv[1], port=int(sys.argv[2]), base_topic=sys.argv[3])\n"
        "sink.start(lambda error: print(error, flush=True))\n"
        "time.sleep(60)\n"
    )
    words = [sys.executable, "-c", program, broker.host, str(broker.port), topic]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "None\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def kinds_in(data):
    """The first byte of each packet: the broker may send several at once."""
    kinds, at = [], 0
    while at + 1 < len(data):
        kinds.append(data[at])
        length, shift, at = 0, 0, at + 1
        while at < len(data):
            length |= (data[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not data[at - 1] & 0x80:
                break
        at += length
    return kinds


class Door:
    """`with Door(broker) as door:` a way to the broker, at `door.port`, that can be trouble.

    `only_311` refuses MQTT 5 as brokers before 2019 do; with `no_subscriptions` each is answered
    with Not authorized. While `swallows`, nothing that a client says gets through. `cut_at` is the
    first byte of a packet from the broker: the connection to the broker ends when it comes, that
    to the client a little later; once.
    """

    def __init__(self, broker, only_311=False, cut_at=None, no_subscriptions=False):
        self.host, self.certificates = broker.host, None
        self.swallows = False
        self.cuts = 0
        self._broker = broker
        self._only_311 = only_311
        self._cut_at = cut_at
        self._no_subscriptions = no_subscriptions
        self._clients = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def cut(self):
        """End all connections that there are."""
        for client in self._clients:
            client.shutdown(socket.SHUT_RDWR)
        self._clients.clear()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            connect = client.recv(4096)
            level = connect[connect.index(b"MQTT") + 4]
            if self._only_311 and level != 4:
                client.sendall(b"\x20\x02\x00\x01")  # CONNACK, unacceptable protocol version
                client.close()
                continue
            server = socket.create_connection((self._broker.host, self._broker.port))
            server.sendall(connect)
            self._clients.append(client)
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source, target):
        try:
            while data := source.recv(4096):
                if source in self._clients and self.swallows:
                    continue
                if target in self._clients and self._cut_at in kinds_in(data):
                    self._cut_at = None
                    source.shutdown(socket.SHUT_RDWR)
                    target.sendall(data)
                    time.sleep(0.3)
                    self.cuts += 1
                    return
                if data[0] == SUBACK and self._no_subscriptions:
                    data = data[:5] + bytes([NOT_AUTHORIZED]) * len(data[5:])
                target.sendall(data)
        except OSError:
            pass
        finally:
            target.close()

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
