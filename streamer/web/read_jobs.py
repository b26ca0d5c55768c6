"""Videos that were sent: one is read at a time, after all that the gate needs."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from models.base import ModelError
from streamer.data import Decided, Frame, new_event_id
from streamer.errors import UserError
from streamer.pipeline import StageFailed
from streamer.videos import VideoFacts
from streamer.web.read_job import Cancelled, Job, State
from streamer.web.read_limits import MOST_JOBS_WAITING, ReadLimits
from streamer.web.read_pool import VIDEO_NICE, stand_back
from streamer.web.upload import Upload

log = logging.getLogger(__name__)

KEEP_S = 3600.0
MOST_ENDED = 20
"""Jobs that have ended are forgotten after an hour, and the oldest ones where there are more."""

SWEEP_S = 60.0

Vehicles = Callable[[str, Callable[[Frame], None]], Iterable[Decided]]
"""A video's path, and who is told of each frame → its vehicles, as they come. What is raised when
told of a frame ends the reading."""


class Full(Exception):
    """As many videos wait as may."""


class Jobs:
    """All that are not forgotten. Its thread begins with the first one."""

    def __init__(
        self,
        vehicles: Vehicles,
        folder: Path,
        limits: ReadLimits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vehicles = vehicles
        self._folder = folder
        self._limits = limits
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def add(self, upload: Upload, facts: VideoFacts, by: str) -> Job:
        """Have a video read, which will close `upload`. Raises Full."""
        job = Job(new_event_id(), upload, facts, by, self._folder)
        with self._changed:
            self._sweep()
            unread = sum(one.state in {"waiting", "running"} for one in self._jobs.values())
            if unread > MOST_JOBS_WAITING or self._stopped:
                job.close()
                raise Full
            self._jobs[job.id] = job
            upload.hand_on()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="read-video", daemon=True)
                self._thread.start()
            self._changed.notify()
        return job

    def get(self, job_id: str) -> Job | None:
        """The job of that id, if it is not forgotten."""
        with self._changed:
            self._sweep()
            return self._jobs.get(job_id)

    def forget(self, job: Job) -> None:
        """It is cancelled, and its files go, if it is read just now as soon as that has ended."""
        with self._changed:
            self._jobs.pop(job.id, None)
        job.forget()

    def stop(self, timeout_s: float = 1.0) -> None:
        """All end, the one that is being read soon, or as soon as the process does."""
        with self._changed:
            self._stopped = True
            jobs = list(self._jobs.values())
            self._jobs.clear()
            self._changed.notify_all()
        for job in jobs:
            job.forget()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        stand_back(VIDEO_NICE)
        while (job := self._next()) is not None:
            state, error = self._read(job)
            job.end(state, error, self._clock())

    def _next(self) -> Job | None:
        with self._changed:
            while not self._stopped:
                self._sweep()
                for job in self._jobs.values():
                    if job.begin():
                        return job
                self._changed.wait(SWEEP_S if self._jobs else None)
            return None

    def _read(self, job: Job) -> tuple[State, str | None]:
        try:
            for decided in self._vehicles(job.path, lambda frame: job.came(frame, self._limits)):
                job.found(decided)
        except Cancelled:
            return "cancelled", None
        except (UserError, ModelError, StageFailed) as error:
            return "failed", str(error).removeprefix(f"{job.path}: ")
        except Exception as error:  # one video must not end the reading of all others
            log.error("job %s failed", job.id, exc_info=error)
            return "failed", "this should not have happened; see the log"
        return "done", None

    def _sweep(self) -> None:
        """Forget what ended long ago, and the oldest of many. The lock is held."""
        ended = [job for job in self._jobs.values() if job.ended_s is not None]
        ended.sort(key=lambda job: job.ended_s or 0.0)
        now_s = self._clock()
        for number, job in enumerate(ended):
            old = now_s - (job.ended_s or 0.0) >= KEEP_S
            if old or number < len(ended) - MOST_ENDED:
                del self._jobs[job.id]
                job.forget()
