"""The daemon's life: start, watch over the threads, stop in order, within a time limit."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

from streamer import health
from streamer.errors import UserError
from streamer.pipeline import Pipeline
from streamer.sinks.courier import Courier, stop_couriers
from streamer.sinks.outbox import Outbox

log = logging.getLogger(__name__)

WATCH_S = 0.5
PIPELINES_STOP_S = 2.0  # with what follows, under the 5 s that we promise, on a busy box too
COURIERS_STOP_S = 1.2
LAST_DELIVERY_S = 3.5  # recordings ended by themselves: time to connect and deliver
STUCK_S = 30.0

Close = Callable[[], None]


class Daemon:
    """Pipelines that make events, an outbox that keeps them, couriers that carry them.

    `services` are started once the outbox is open, and give back what stops them (the
    metrics' server, the sweeping of old events). `reloads` are called on SIGHUP. The root fills
    the lists before `run`. One that `stays` goes on when its sources have ended.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.pipelines: list[Pipeline] = []
        self.couriers: list[Courier] = []
        self.services: list[Callable[[], Close]] = []
        self.reloads: list[Callable[[], None]] = []
        self.stays = False
        self._outbox = outbox
        self._ending = threading.Event()
        self._asked = self._reload = False
        self._fault: Exception | None = None

    def run(self) -> int:
        """Run until every source has ended or `stop` is called; gives the exit code.

        0: ended as it should; 1: a part failed, a new start may help; 2 is left to the
        UserError that this raises where it cannot. Signals are handled on the main thread.
        """
        with ExitStack() as open_things:
            self._catch_signals(open_things)
            self._outbox.open()
            open_things.callback(self._outbox.close)
            for service in self.services:
                open_things.callback(service())
            open_things.callback(self._stop_all)
            self._start()
            health.notify("READY=1")
            self._watch()
            health.notify("STOPPING=1")
        return self._verdict()

    @property
    def stopped(self) -> bool:
        """True if it was asked to end, rather than having come to the end of its sources."""
        return self._asked

    def stop(self) -> None:
        """Ask the daemon to end. May be called from any thread."""
        self._asked = True
        self._ending.set()

    def fail(self, error: Exception) -> None:
        """End the daemon because of `error`. May be called from any thread."""
        self._fault = self._fault or error
        self._ending.set()

    def _catch_signals(self, open_things: ExitStack) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.signal(number, self._on_signal)
            open_things.callback(signal.signal, number, before)
        if not os.isatty(0):  # where the signal says that the terminal has gone
            before = signal.signal(signal.SIGHUP, self._on_hangup)
            open_things.callback(signal.signal, signal.SIGHUP, before)

    def _on_hangup(self, *_: object) -> None:
        self._reload = True

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        log.info("%s: stopping", signal.Signals(number).name)
        self.stop()

    def _start(self) -> None:
        for courier in self.couriers:
            courier.start()
        for pipeline in self.pipelines:
            pipeline.start()
        names = ", ".join(pipeline.name for pipeline in self.pipelines)
        log.info("running; cameras: %s", names)

    def _watch(self) -> None:
        period_s = health.watchdog_period_s()
        next_sign_s = time.monotonic()
        while not self._ending.wait(WATCH_S):
            if self._failure() is not None:
                return
            if not self.stays and not any(pipeline.running for pipeline in self.pipelines):
                log.info("every source is over: stopping; 'loop: true' plays recordings again")
                return
            if self._reload:
                self._reload = False
                log.info("SIGHUP: reading again what has changed")
                for reload in self.reloads:
                    reload()
            if period_s and time.monotonic() >= next_sign_s and self._lively():
                health.notify("WATCHDOG=1")
                next_sign_s = time.monotonic() + period_s

    def _lively(self) -> bool:
        for pipeline in self.pipelines:
            stuck_s = pipeline.stuck_for_s()
            if stuck_s > STUCK_S:
                log.error("camera %s: a stage is stuck for %.0f s", pipeline.name, stuck_s)
                return False
        return True

    def _failure(self) -> Exception | None:
        return next((p.failure for p in self.pipelines if p.failure), self._fault)

    def _stop_all(self) -> None:
        ended = not any(pipeline.running for pipeline in self.pipelines)
        for pipeline in self.pipelines:
            pipeline.stop()
        until = time.monotonic() + PIPELINES_STOP_S
        for pipeline in self.pipelines:
            pipeline.join(max(0.0, until - time.monotonic()))
        hurry = self._asked or self._failure() is not None or not ended
        stop_couriers(self.couriers, COURIERS_STOP_S if hurry else LAST_DELIVERY_S)
        for courier in self.couriers:
            left = self._outbox.depth(courier.sink.name)
            if left:
                log.warning("%d events wait for sink %s until next time", left, courier.sink.name)

    def _verdict(self) -> int:
        failure = self._failure()
        if isinstance(failure, UserError):
            raise failure
        if failure is not None:
            log.critical("stopped by a failure: %s", failure)
            return 1
        return 0
