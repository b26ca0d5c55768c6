"""Any traffic, with misreadings, repeats, redelivery, crashes and restarts: the truth comes out."""

import itertools

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from car_park import CarPark, seen
from models.edits import distance
from streamer.formats import fold_twins
from streamer.likeness import LETTERS_LIKE_DIGITS

PLATES = ("AB123CD", "KR50XY7", "MQ9914", "8I2EE15", "WZ777HHB", "Z0TSLG4")
VEHICLES = st.sampled_from(PLATES)
REPEAT_S = 60.0


def test_the_plates_are_far_enough_apart():
    # An entry and an exit that are both misread may come two edits nearer to one another.
    for one, two in itertools.combinations(map(fold_twins, PLATES), 2):
        assert distance(one, two) >= 4


@st.composite
def misreadings(draw):
    """What makes of a plate another text, and says where the reader was in doubt."""
    kind = draw(st.sampled_from(["no", "no", "doubtful", "lost", "added", "alike"]))
    place = draw(st.integers(0, 5))
    char = draw(st.sampled_from("ABCHKMXY3479"))
    return kind, place, char


def misread(plate, misreading):
    """Text, and fields of the event."""
    kind, place, char = misreading
    if kind == "doubtful":
        return plate[:place] + char + plate[place + 1 :], {"doubt": [place]}
    if kind == "lost":
        return plate[:place] + plate[place + 1 :], {"confidence": 0.7}
    if kind == "added":
        return plate[:place] + char + plate[place:], {"doubt": [place]}
    if kind == "alike":
        letters = {digit: alike[0] for digit, alike in LETTERS_LIKE_DIGITS.items()}
        digits = {letter: digit for digit, letter in letters.items()}
        other = {**letters, **digits}.get(plate[place], plate[place])
        return plate[:place] + other + plate[place + 1 :], {}
    return plate, {}


class Traffic(RuleBasedStateMachine):
    """`inside` and `gone` are the truth: entry events of who is inside, and pairs of who was."""

    def __init__(self):
        super().__init__()
        self.park = CarPark(repeat_s=REPEAT_S)
        self.time_s = 0.0
        self.inside, self.gone = {}, set()
        self.was_misread = {}
        self.events = []

    def event(self, plate, camera, misreading, after_s=0.0):
        text, fields = misread(plate, misreading)
        event = seen(text, camera, self.time_s + after_s, **fields)
        self.events.append(event)
        return event

    @rule(
        plate=VEHICLES,
        after_s=st.sampled_from([1, 20, 59, 100, 5000]),
        how=misreadings(),
        fails=st.sampled_from(["no", "no", "before", "after"]),
    )
    def pass_through(self, plate, after_s, how, fails):
        """It enters if it is outside, and leaves if it is inside; one of both may be misread."""
        self.time_s += after_s
        if plate not in self.inside:
            event = self.event(plate, "in", how)
            self.inside[plate], self.was_misread[plate] = event.id, event.plate != plate
        else:
            event = self.event(plate, "out", ("no", 0, "") if self.was_misread[plate] else how)
            self.gone.add((self.inside.pop(plate), event.id))
        self.last = plate
        if fails != "no":
            self.fail(event, fails)
        self.park.take(event)

    def fail(self, event, when):
        """The disk fails before or after the parking event is written."""
        accept, tables = self.park.outbox.accept_within, self.park.tables()

        def accept_within(*words):
            if when == "after":
                accept(*words)
            raise OSError("no space left")

        self.park.outbox.accept_within = accept_within
        with pytest.raises(OSError, match="no space left"):
            self.park.take(event)
        self.park.outbox.accept_within = accept
        assert self.park.tables() == tables

    @precondition(lambda self: self.events)
    @rule(after_s=st.sampled_from([0, 2, 30]))
    def see_again(self, after_s):
        """The one that passed last, by another camera."""
        self.time_s += after_s
        again = self.event(self.last, self.events[-1].camera, ("no", 0, ""))
        if (again.read_at - self.passed_at()).total_seconds() > REPEAT_S:
            self.events.pop()
        else:
            assert self.park.take(again) == []

    def passed_at(self):
        ids = {*self.inside.values(), *itertools.chain(*self.gone)}
        return max(event.read_at for event in self.events if event.id in ids)

    @rule(plate=VEHICLES, how=misreadings(), stays_s=st.integers(1, 59))
    def visit_in_the_wrong_order(self, plate, how, stays_s):
        """A short visit whose exit is told before its entry."""
        if plate in self.inside:
            return
        self.time_s += 2 * REPEAT_S
        leaves = self.event(plate, "out", how, stays_s)
        comes = self.event(plate, "in", ("no", 0, ""))
        self.park.take(leaves, comes)
        self.gone.add((comes.id, leaves.id))
        self.time_s += stays_s
        self.last = plate
        self.events.append(self.events.pop(-2))

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def deliver_again(self, data):
        """One that was delivered before, and the last one as a crash would."""
        tables = self.park.tables()
        self.park.take(data.draw(st.sampled_from(self.events)), self.events[-1])
        assert self.park.tables() == tables

    @rule()
    def restart(self):
        self.park.restart()

    @invariant()
    def the_truth_is_told(self):
        sessions = self.park.parking.inside()
        assert {one.entry_event for one in sessions} == set(self.inside.values())
        assert self.park.parking.occupancy() == len(self.inside)
        history = self.park.parking.history(limit=1000)
        ended = {(one.entry_event, one.exit_event) for one in history if one.ended}
        assert ended == self.gone
        told = [(event.session, event.state) for event in self.park.told]
        assert len(told) == len(set(told)) == len(self.inside) + 2 * len(self.gone)

    def teardown(self):
        self.park.close()


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
