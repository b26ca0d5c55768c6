import threading
import time

import pytest

from broker import wait_until
from streamer.channel import Channel, Closed
from streamer.pipeline import (
    FAILURES_IN_A_ROW,
    Pipeline,
    StageBase,
    StageFailed,
)

WAIT_S = 60.0


class Numbers:
    name = "numbers"

    def __init__(self, *numbers, endless=False):
        self.numbers = numbers
        self.endless = endless

    def run(self, out, stop):
        for number in self.numbers:
            if not out.put(number):
                return
        while self.endless and not stop.wait(0.01):
            pass


class Doubling(StageBase):
    name = "doubling"

    def step(self, item):
        return [item * 2]


class Gathering(StageBase):
    name = "gathering"

    def __init__(self):
        self.items = []

    def step(self, item):
        self.items.append(item)
        return ()


class Counting:
    def __init__(self):
        self.took = []
        self.failed = []

    def stage_took(self, stage, seconds):
        self.took.append((stage, seconds))

    def stage_failed(self, stage):
        self.failed.append(stage)


def run(*stages, numbers, observer=None, size=2):
    pipeline = Pipeline("test", Numbers(*numbers), Channel(size), stages, observer)
    pipeline.start()
    assert pipeline.join(WAIT_S)
    return pipeline


def test_items_pass_all_stages_in_order():
    gathering = Gathering()
    pipeline = run(Doubling(), Doubling(), gathering, numbers=range(100))
    assert gathering.items == [4 * n for n in range(100)]
    assert pipeline.failure is None


def test_a_stage_may_give_many_results_or_none():
    class Repeating(StageBase):
        name = "repeating"

        def step(self, item):
            return [item] * item

    gathering = Gathering()
    run(Repeating(), gathering, numbers=[0, 1, 2])
    assert gathering.items == [1, 2, 2]


def test_what_a_stage_says_at_the_end_is_handed_on():
    class Summing(StageBase):
        name = "summing"
        total = 0

        def step(self, item):
            self.total += item
            return ()

        def finish(self):
            return [self.total]

    gathering = Gathering()
    run(Summing(), gathering, numbers=[1, 2, 3])
    assert gathering.items == [6]


def test_one_bad_item_is_counted_and_left_behind():
    class Fussy(StageBase):
        name = "fussy"

        def step(self, item):
            if item == 2:
                raise ValueError("not 2")
            return [item]

    gathering, observer = Gathering(), Counting()
    pipeline = run(Fussy(), gathering, numbers=[1, 2, 3], observer=observer)
    assert gathering.items == [1, 3]
    assert observer.failed == ["fussy"]
    assert pipeline.failure is None


def test_a_stage_that_always_fails_ends_the_pipeline_with_its_reason():
    class Broken(StageBase):
        name = "broken"

        def step(self, item):
            raise RuntimeError("no memory card")

    pipeline = run(Broken(), Gathering(), numbers=range(FAILURES_IN_A_ROW + 5))
    assert isinstance(pipeline.failure, StageFailed)
    assert "no memory card" in str(pipeline.failure)


def test_every_step_is_timed():
    observer = Counting()
    run(Doubling(), Gathering(), numbers=[1, 2, 3], observer=observer)
    assert sorted(stage for stage, _ in observer.took) == ["doubling"] * 3 + ["gathering"] * 3
    assert all(0 <= seconds < WAIT_S for _, seconds in observer.took)


def test_steps_are_told_with_items_results_and_times_before_they_are_handed_on():
    told, gathering = [], Gathering()

    def on_step(stage, item, results, started_s, ended_s):
        told.append((stage, item, list(results), len(gathering.items)))
        assert 0 <= ended_s - started_s <= time.monotonic() - started_s

    pipeline = Pipeline("test", Numbers(1, 2), Channel(2), [Doubling(), gathering])
    others = []
    pipeline.listen(on_step)
    pipeline.listen(lambda stage, item, *_: others.append((stage, item)))
    pipeline.start()
    assert pipeline.join(WAIT_S)
    doubled = [one[:3] for one in told if one[0] == "doubling"]
    assert doubled == [("doubling", 1, [2]), ("doubling", 2, [4]), ("doubling", None, [])]
    assert [one[1] for one in told if one[0] == "gathering"] == [2, 4, None]
    assert next(one for one in told if one[0] == "doubling")[3] == 0
    assert sorted(others, key=str) == sorted([one[:2] for one in told], key=str)


def test_stopping_lets_accepted_items_through():
    gathering = Gathering()
    pipeline = Pipeline("test", Numbers(1, 2, 3, endless=True), Channel(8), [Doubling(), gathering])
    pipeline.start()
    wait_until(lambda: len(gathering.items) == 3)
    pipeline.stop()
    assert pipeline.join(WAIT_S)
    assert gathering.items == [2, 4, 6]


def test_a_stop_does_not_wait_for_a_blocked_producer():
    release = threading.Event()

    class Blocked:
        name = "blocked"

        def run(self, out, stop):
            out.put(1)
            release.wait(2 * WAIT_S)

    class Closing(Gathering):
        def finish(self):
            self.items.append("end")
            return ()

    gathering = Closing()
    pipeline = Pipeline("test", Blocked(), Channel(1), [gathering])
    pipeline.start()
    pipeline.stop()
    wait_until(lambda: gathering.items[-1:] == ["end"])
    release.set()
    assert pipeline.join(WAIT_S)


def test_a_slow_stage_is_seen_as_stuck():
    release = threading.Event()

    class Stuck(StageBase):
        name = "stuck"

        def step(self, item):
            release.wait(2 * WAIT_S)
            return ()

    pipeline = Pipeline("test", Numbers(1), Channel(1), [Stuck()])
    pipeline.start()
    time.sleep(0.3)
    assert pipeline.stuck_for_s() > 0.2
    release.set()
    assert pipeline.join(WAIT_S)
    assert pipeline.stuck_for_s() == 0.0


def test_idle_is_called_while_nothing_comes():
    class Patient(Gathering):
        def idle(self):
            self.items.append("idle")
            return ()

    patient = Patient()
    pipeline = Pipeline("test", Numbers(endless=True), Channel(1), [patient])
    pipeline.start()
    wait_until(lambda: patient.items)
    pipeline.stop()
    assert pipeline.join(WAIT_S)
    assert patient.items[0] == "idle"


def test_the_latest_frame_slot_keeps_only_the_newest():
    dropped = []
    slot = Channel(1, "drop_oldest", on_drop=lambda: dropped.append(1))
    for number in range(10):
        assert slot.put(number)
    assert slot.get() == 9
    assert len(dropped) == 9


def test_a_waiting_channel_loses_nothing():
    channel = Channel(1)
    taken = []

    def take():
        for item in channel:
            time.sleep(0.001)
            taken.append(item)

    taker = threading.Thread(target=take)
    taker.start()
    for number in range(50):
        channel.put(number)
    channel.close()
    taker.join(WAIT_S)
    assert taken == list(range(50))


def test_a_closed_channel_gives_what_it_has_and_then_ends():
    channel = Channel(2)
    channel.put(1)
    channel.close()
    assert not channel.put(2)
    assert channel.get() == 1
    with pytest.raises(Closed):
        channel.get()


def test_closing_frees_a_producer_that_waits():
    channel = Channel(1)
    channel.put(1)
    results = []
    waiting = threading.Thread(target=lambda: results.append(channel.put(2)))
    waiting.start()
    time.sleep(0.05)
    channel.close()
    waiting.join(WAIT_S)
    assert results == [False]


def test_get_says_when_nothing_comes():
    with pytest.raises(TimeoutError):
        Channel(1).get(timeout_s=0.01)


def test_a_channel_must_hold_something():
    with pytest.raises(ValueError, match="1 is the least"):
        Channel(0)
