"""Pictures read by several processes, each with models of its own; results in their order.

    tasks ─▶ Worker (a process) ─▶ results, in the order of the tasks
          ─▶ Worker

A process that dies takes one picture with it, which is a fault; another takes its place.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

import cv2

from models.base import ModelError
from streamer.config import Config
from streamer.errors import UserError
from streamer.reading.results import Result
from streamer.reading.tasks import PictureTasks, Task

PICTURES_EACH = 200
"""A process more pays from about twice so many pictures on: what its start costs two have won back
after some 365 of 1280x720 (benchmarks/read_folder.py)."""
AHEAD = 16
"""Results a worker may be ahead of the slowest picture; they are read again after a kill."""
IN_HAND = 2
"""Pictures that a worker is told of: one that it reads, and one that it need not wait for."""
STOP_S = 2.0

Answer = Result | UserError


def usual_workers(pictures: int) -> int:
    """As many as there are cores for this process, if there is enough to do for each."""
    return max(1, min(len(os.sched_getaffinity(0)), pictures // PICTURES_EACH))


@dataclass(eq=False, slots=True)
class _Worker:
    process: Any
    pipe: Connection
    tasks: deque[int] = field(default_factory=deque)


@dataclass(slots=True)
class _Round:
    """One call of `read`: what was handed out, and what waits for those before it."""

    tasks: Sequence[Task]
    following: int = 0
    again: list[int] = field(default_factory=list)
    due: int = 0
    done: dict[int, Answer] = field(default_factory=dict)


class Workers:
    """`with Workers(count, config) as workers:` starts processes when there is work for them.

    `config` is sent to them: reading it anew would take longer than loading the models.
    """

    def __init__(self, count: int, config: Config) -> None:
        self._count = count
        self._config = config
        self._workers: list[_Worker] = []
        self._context = multiprocessing.get_context("spawn")  # threads of ours must not be copied

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        # Not asked to end: whoever is interrupted does not wait for a picture.
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join(STOP_S)
            worker.pipe.close()
        self._workers.clear()

    def read(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Answer]]:
        """Each task with its result, or with what was wrong with it.

        Raises ModelError or UserError where no picture can be read.
        """
        now = _Round(tasks)
        while now.due < len(tasks):
            self._hand_out(now)
            for worker in self._ready():
                self._take(worker, now)
            while now.due in now.done:
                yield tasks[now.due], now.done.pop(now.due)
                now.due += 1

    def _hand_out(self, now: _Round) -> None:
        wanted = min(self._count, len(now.tasks) - now.due)
        while len(self._workers) < wanted:
            self._workers.append(self._started())
        for most in range(1, IN_HAND + 1):  # each its first before any its second
            for worker in self._workers:
                index = self._next(now) if len(worker.tasks) < most else None
                if index is not None:
                    worker.tasks.append(index)
                    with suppress(OSError):  # it has died; `_take` will see
                        worker.pipe.send(now.tasks[index])

    def _next(self, now: _Round) -> int | None:
        if now.again:
            return now.again.pop(0)
        if now.following >= min(len(now.tasks), now.due + self._count * AHEAD):
            return None
        now.following += 1
        return now.following - 1

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(theirs, self._config), name="read", daemon=True
        )
        with _unheard():
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _ready(self) -> list[_Worker]:
        ready = set(wait([one.pipe for one in self._workers if one.tasks]))
        return [one for one in self._workers if one.pipe in ready]

    def _take(self, worker: _Worker, now: _Round) -> None:
        index = worker.tasks.popleft()
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            answer = self._buried(worker, now.tasks[index])
            now.again = sorted([*now.again, *worker.tasks])
        if isinstance(answer, ModelError):
            raise answer
        now.done[index] = answer

    def _buried(self, worker: _Worker, task: Task) -> UserError:
        """What to say of the picture whose reader died."""
        worker.process.join(STOP_S)
        self._workers.remove(worker)
        worker.pipe.close()
        return UserError(f"{task.input.name}: {_end_of(worker.process.exitcode)} while reading it")


@contextmanager
def _unheard() -> Iterator[None]:
    """Who is started here does not hear Ctrl-C, not even while it loads: it reaches all processes
    of a terminal, and the first of us ends the others."""
    resource_tracker.ensure_running()  # else started with the first process, which ends the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_of(code: int | None) -> str:
    if code is None or code >= 0:
        return f"its process ended with {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"its process was ended by {name}{hint}"


def _serve(pipe: Connection, config: Config) -> None:
    """The life of a process: it ends with whoever started it."""
    cv2.setNumThreads(1)
    read = PictureTasks(config)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        answer: Result | UserError | ModelError
        try:
            answer = read(task)
        except UserError as error:
            answer = UserError(str(error))
        except ModelError as error:
            answer = ModelError(str(error))
        pipe.send(answer)
