import io

import pytest

from streamer.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def progress(to, total=10, **more):
    clock = Clock()
    return Progress(total, to=to, clock=clock, **more), clock


def test_on_a_terminal_it_is_one_line_with_rate_and_time_left():
    to = Terminal()
    shown, clock = progress(to)
    for number in range(4):
        clock.now_s += 0.5
        shown.step(f"{number}.jpg")
    assert to.getvalue().split("\r\x1b[K")[-1] == "4 of 10 read, 2.0/s, 3 s left: 3.jpg"
    assert "\n" not in to.getvalue()
    shown.end()
    assert to.getvalue().endswith("\r\x1b[K")  # what comes next begins on an empty line


def test_elsewhere_it_is_a_line_every_few_seconds_and_none_for_short_work():
    to = io.StringIO()
    shown, clock = progress(to, total=1000)
    for number in range(40):
        clock.now_s += 0.3
        shown.step(f"{number}.jpg")
    assert to.getvalue().splitlines() == [
        "plate-streamer: 17 of 1000 read, 3.3/s, 5 min left: 16.jpg",
        "plate-streamer: 34 of 1000 read, 3.3/s, 5 min left: 33.jpg",
    ]
    short = io.StringIO()
    shown, _ = progress(short)
    shown.step("a.jpg")
    shown.end()
    assert short.getvalue() == ""


def test_a_part_of_a_video_counts():
    to = Terminal()
    shown, clock = progress(to, total=2)
    clock.now_s = 60.0
    shown.within("a.mp4", 0.5, "at 30 of 60 s")
    text = to.getvalue()
    assert text.endswith("0 of 2 read, 120 s each, 3 min left: a.mp4 at 30 of 60 s")


@pytest.mark.parametrize("to", [io.StringIO(), Terminal()])
def test_quiet_tells_faults_alone(to):
    shown, clock = progress(to, quiet=True)
    clock.now_s = 100.0
    shown.step("a.jpg")
    shown.failed(ValueError("b.jpg: broken"))
    shown.end()
    assert to.getvalue().splitlines() == [
        "plate-streamer: b.jpg: broken",
        "plate-streamer: 1 of 2 read, 1 could not be read (named above)",
    ]
