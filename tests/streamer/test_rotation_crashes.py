"""Whatever happens to a file that rotates: every line is there, once, and whole."""

import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.sinks.lines import LineFile
from streamer.sinks.rotation import Rotation

NOON = 1_767_355_200.0  # 2 January 2026, UTC
DAY_S = 86_400


def whole(line):
    return line.endswith(b"!")


class Crash(BaseException):
    """The power goes."""


class Power:
    """Fails at the `left`-th of the moments at which it makes a difference."""

    def __init__(self):
        self.left = None
        self._rename = Path.rename

    def moment(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Crash

    def fsync(self, _):
        self.moment()

    @property
    def patched(self):
        def rename(path, target):
            self.moment()
            self._rename(path, target)
            self.moment()

        return rename


HEAD = b"head!\n"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 6)),
        st.tuples(st.just("crash"), st.integers(0, 6), st.integers(2, 20)),
        st.tuples(st.just("later"), st.sampled_from([3600, DAY_S, -DAY_S])),
        st.just(("restart",)),
        st.just(("tidy",)),
        st.just(("logrotate",)),
    ),
    max_size=40,
)


class Gate:
    """A file, what should be in it, and all that may happen to it."""

    def __init__(self, folder, rotation):
        self.path, self.folder = folder / "events.txt", folder
        self.now, self.power = NOON, Power()
        self.rotation = rotation
        self.count, self.moved = 0, 0
        self.restart()

    def restart(self):
        self.file = LineFile(self.path, whole, [HEAD], self.rotation, lambda: self.now)

    def append(self, times=1):
        for _ in range(times):
            self.file.append(b"%04d!\n" % self.count)
            self.count += 1

    def crash(self, moment, cut):
        """The line is sent, but the power goes; what was not yet on disk is torn."""
        line = b"%04d!\n" % self.count
        self.power.left = moment
        try:
            self.append()
        except Crash:
            self.tear(line, cut)
            self.restart()
        finally:
            self.power.left = None

    def tear(self, line, cut):
        content = self.path.read_bytes() if self.path.exists() else b""
        if content.endswith(line):
            new = len(line) + (len(HEAD) if content == HEAD + line else 0)
            self.path.write_bytes(content[: -min(cut, new)])
            os.utime(self.path, (self.now, self.now))

    def later(self, seconds):
        self.now += seconds

    def tidy(self):
        self.file.tidy()

    def logrotate(self):
        if self.path.exists() and self.path.read_bytes().endswith(b"\n"):
            self.moved += 1
            self.path.rename(self.folder / f"moved.{self.moved}")

    def found(self):
        for path in self.folder.iterdir():
            first, *rest = path.read_bytes().splitlines()
            assert first + b"\n" == HEAD
            assert all(whole(line) for line in rest)
            assert path.read_bytes().endswith(b"\n")
            yield from rest


@settings(max_examples=200, deadline=None)
@given(STEPS, st.booleans(), st.sampled_from([None, 20, 1000]))
def test_whatever_happens_every_line_is_there_once(steps, daily, max_bytes):
    with tempfile.TemporaryDirectory() as folder:
        gate = Gate(Path(folder), Rotation(daily, max_bytes))
        with (
            patch("os.fsync", gate.power.fsync),
            patch.object(Path, "rename", gate.power.patched),
        ):
            for what, *how in steps:
                getattr(gate, what)(*how)
            gate.append()  # what was torn is sent again, and heals
        assert sorted(gate.found()) == [b"%04d!" % number for number in range(gate.count)]
