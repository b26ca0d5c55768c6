"""Stages, the threads that run them, and their stopping. Knows nothing of pictures or plates."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from streamer.channel import Channel, Closed

log = logging.getLogger(__name__)

T = TypeVar("T")
In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)


class Stage(Protocol[In_contra, Out_co]):
    """One step of the work, as plain functions: tested without threads."""

    name: str

    def step(self, item: In_contra) -> Iterable[Out_co]:
        """What follows from one item."""
        ...

    def idle(self) -> Iterable[Out_co]:
        """Called about once a second while no item comes (time passes without frames too)."""
        ...

    def finish(self) -> Iterable[Out_co]:
        """What is still to be said when no more items will come."""
        ...


class StageBase:
    """For stages with nothing to say while idle or at the end."""

    def idle(self) -> tuple[()]:
        """Nothing."""
        return ()

    def finish(self) -> tuple[()]:
        """Nothing."""
        return ()


def in_turn(stages: Sequence[Stage[Any, Any]], items: Iterable[Any]) -> Iterator[Any]:
    """Let items pass through stages without threads; what the last one gives, to the end."""
    for item in items:
        yield from _onwards(stages, item)
    for number, stage in enumerate(stages, start=1):
        for item in stage.finish():
            yield from _onwards(stages[number:], item)


def _onwards(stages: Sequence[Stage[Any, Any]], item: Any) -> Iterator[Any]:
    if not stages:
        yield item
        return
    for result in stages[0].step(item):
        yield from _onwards(stages[1:], result)


class Observer(Protocol):
    """Told what the stages do; the metrics in the daemon."""

    def stage_took(self, stage: str, seconds: float) -> None:
        """One step of `stage` took this long."""
        ...

    def stage_failed(self, stage: str) -> None:
        """One step of `stage` raised."""
        ...


class Unobserved:
    """For pipelines nobody measures."""

    def stage_took(self, stage: str, seconds: float) -> None:
        """Nothing."""

    def stage_failed(self, stage: str) -> None:
        """Nothing."""


OnStep = Callable[[str, Any, Sequence[Any], float, float], None]
"""Told the stage, the item (None at the end), its results, and when the step began and ended
(`time.monotonic()`), before the results are handed on. Must return at once and not raise."""


class StageFailed(Exception):
    """A stage failed too often in a row to go on."""


IDLE_S = 1.0
CHANNEL_SIZE = 4
FAILURES_IN_A_ROW = 20


class Worker(Generic[T, Out_co]):
    """The thread of one stage: takes from `inbox`, hands results to `outlet`, never dies quietly.

    A failing item is logged (at most once a second), counted and left behind; after
    `FAILURES_IN_A_ROW` the worker gives up and calls `on_fatal`.
    """

    def __init__(
        self,
        stage: Stage[T, Out_co],
        inbox: Channel[T],
        outlet: "Channel[Out_co] | None",
        on_fatal: Callable[[Exception], None],
        observer: Observer | None = None,
    ) -> None:
        self._stage = stage
        self._inbox = inbox
        self._outlet = outlet
        self._on_fatal = on_fatal
        self._observer = observer or Unobserved()
        self.listeners: list[OnStep] = []
        self._failures = 0
        self._last_log_s = -1.0
        self.beat_s = time.monotonic()
        self.thread = threading.Thread(target=self._run, name=stage.name, daemon=True)

    def _run(self) -> None:
        try:
            while self._turn():
                self.beat_s = time.monotonic()
            self._finish()
        except Exception as error:  # the last line of defence of a thread
            self._on_fatal(error)
        finally:
            self._inbox.close()
            if self._outlet is not None:
                self._outlet.close()

    def _turn(self) -> bool:
        try:
            item = self._inbox.get(timeout_s=IDLE_S)
        except TimeoutError:
            self._hand_on(self._guarded(self._stage.idle))
            return True
        except Closed:
            return False
        started_s = time.monotonic()  # as Frame.clock_s is
        results = self._guarded(lambda: self._stage.step(item))
        ended_s = time.monotonic()
        self._observer.stage_took(self._stage.name, ended_s - started_s)
        for on_step in self.listeners:
            on_step(self._stage.name, item, results, started_s, ended_s)
        self._hand_on(results)
        return True

    def _finish(self) -> None:
        started_s = time.monotonic()
        results = self._guarded(self._stage.finish)
        for on_step in self.listeners:
            on_step(self._stage.name, None, results, started_s, time.monotonic())
        self._hand_on(results)

    def _hand_on(self, results: list[Out_co]) -> None:
        for result in results:
            if self._outlet is not None:
                self._outlet.put(result)

    def _guarded(self, work: Callable[[], Iterable[Out_co]]) -> list[Out_co]:
        try:
            results = list(work())
        except Exception as error:  # one bad item must not stop the gate
            self._failed(error)
            return []
        self._failures = 0
        return results

    def _failed(self, error: Exception) -> None:
        self._observer.stage_failed(self._stage.name)
        self._failures += 1
        now = time.monotonic()
        if now - self._last_log_s >= 1.0:
            self._last_log_s = now
            log.error("stage %s failed: %s", self._stage.name, error, exc_info=error)
        if self._failures >= FAILURES_IN_A_ROW:
            raise StageFailed(
                f"stage {self._stage.name} failed {self._failures} times in a row, last: {error}"
            ) from error


class Producer(Protocol[T]):
    """The head of a pipeline: fills the channel until its source ends or it is told to stop."""

    name: str

    def run(self, out: Channel[T], stop: threading.Event) -> None:
        """Return when there is nothing more to come; the caller closes the channel."""
        ...


class Pipeline:
    """A producer, then stages, a thread each, joined by bounded channels.

    Stopping walks downstream: the producer is told to stop and its channel is closed; each
    stage then empties its channel, says what it still has to say, and closes the next.
    """

    def __init__(
        self,
        name: str,
        producer: Producer[Any],
        first: Channel[Any],
        stages: Sequence[Stage[Any, Any]],
        observer: Observer | None = None,
    ) -> None:
        self.name = name
        self.failure: Exception | None = None
        self._producer = producer
        self._first = first
        self._stopping = threading.Event()
        self._head = threading.Thread(target=self._produce, name=producer.name, daemon=True)
        self._workers = self._join_up(stages, observer)

    def _join_up(
        self, stages: Sequence[Stage[Any, Any]], observer: Observer | None
    ) -> list[Worker[Any, Any]]:
        outlets: list[Channel[Any] | None] = [Channel(CHANNEL_SIZE) for _ in stages[1:]]
        outlets.append(None)
        inboxes = [self._first, *outlets[:-1]]
        return [
            Worker(stage, inbox, outlet, self._fail, observer)
            for stage, inbox, outlet in zip(stages, inboxes, outlets, strict=True)
            if inbox is not None
        ]

    def listen(self, on_step: OnStep) -> None:
        """Have `on_step`, beside those before it, told of every step of every stage, from the
        start on."""
        for worker in self._workers:
            worker.listeners.append(on_step)

    def start(self) -> None:
        """Start the threads, the last stage first, so that nobody speaks to the deaf."""
        for worker in reversed(self._workers):
            worker.thread.start()
        self._head.start()

    def _produce(self) -> None:
        try:
            self._producer.run(self._first, self._stopping)
        except Exception as error:  # the last line of defence of a thread
            self._fail(error)
        finally:
            self._first.close()

    def _fail(self, error: Exception) -> None:
        self.failure = self.failure or error
        self.stop()

    def stop(self) -> None:
        """Ask the producer to end; the stages follow by themselves. Returns at once.

        The first channel is closed here too: a producer that is blocked in a read must not
        keep what is already in the house from being finished.
        """
        self._stopping.set()
        self._first.close()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until every thread has ended; False if some still run after `timeout_s`."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        for thread in self._threads():
            if thread.ident is not None:  # it was started
                thread.join(None if until is None else max(0.0, until - time.monotonic()))
        return not self.running

    def _threads(self) -> list[threading.Thread]:
        return [self._head, *(worker.thread for worker in self._workers)]

    @property
    def running(self) -> bool:
        """True while any thread lives."""
        return any(thread.is_alive() for thread in self._threads())

    def stuck_for_s(self) -> float:
        """The longest time (seconds) that a stage has been at one item, or at passing it on."""
        now = time.monotonic()
        return max(
            (now - worker.beat_s for worker in self._workers if worker.thread.is_alive()),
            default=0.0,
        )
