"""How many are inside, who has stayed too long, and what is forgotten."""

import threading
from datetime import timedelta

import pytest

from car_park import START, CarPark, seen
from streamer.data import ListMatch, Watched
from streamer.enrich.parking import Rounds
from streamer.enrich.parking_metrics import ParkingMetrics
from streamer.errors import UserError
from streamer.metrics import Metrics

NOW = START.timestamp()
HOUR_S, DAY_S = 3600.0, 86400.0


def states(events):
    return [(event.state, event.plate, event.occupancy) for event in events]


def test_vehicles_nobody_saw_coming_are_counted_down_but_not_below_nobody():
    park = CarPark(initial_occupancy=2)
    told = park.take(*(seen(f"AB{n}23CD", "out", n * 100) for n in (1, 4, 7)))
    assert [event.occupancy for event in told] == [1, 0, 0]
    assert park.parking.occupancy() == 0
    (entered,) = park.take(seen("AB123CD", "in", 1000))
    assert entered.occupancy == 1


def test_the_first_count_is_used_once(tmp_path):
    path = tmp_path / "events.sqlite3"
    park = CarPark(path, initial_occupancy=3)
    park.take(seen("AB123CD", "out"))
    park.close()
    park = CarPark(path, initial_occupancy=3)
    assert park.parking.occupancy() == 2
    park.close()


def test_somebody_counts_and_corrects():
    park = CarPark()
    park.take(seen("AB123CD"), seen("KL555MN"), seen("XY987ZW"))
    park.parking.correct(1)  # two of them have left, nobody knows which
    assert park.parking.occupancy() == 1
    assert len(park.parking.inside()) == 3
    park.now_s = NOW + 8 * DAY_S
    (left,) = park.take(seen("AB123CD", "out", 100))
    assert left.occupancy == 0
    park.parking.make_round()  # the two are lost: they were not counted any more
    assert park.parking.occupancy() == 0
    assert park.plates_inside == []
    (entered,) = park.take(seen("QR246ST", after_s=8 * DAY_S))
    assert entered.occupancy == 1
    park.parking.correct(7)
    assert park.parking.occupancy() == 7
    with pytest.raises(UserError, match="-1 should be 0 or more"):
        park.parking.correct(-1)


def test_who_never_leaves_is_lost_and_may_be_found():
    park = CarPark(lost_after_days=2)
    park.take(seen("AB123CD"), seen("KL555MN", after_s=DAY_S))
    park.now_s = NOW + 2 * DAY_S
    park.parking.make_round()
    assert states(park.told[2:]) == [("left", "AB123CD", 1)]
    assert (park.told[2].left_at, park.told[2].duration_s) == (None, None)
    park.parking.make_round()
    assert park.heard["lost"] == 1
    (left,) = park.take(seen("AB123CD", "out", 3 * DAY_S))
    assert (left.session, left.duration_s) == (park.told[0].session, 3 * DAY_S)
    assert left.occupancy == 1
    assert park.heard["found"] == 1


def test_nobody_is_lost_while_events_wait():
    park = CarPark(lost_after_days=2, max_stay_s=HOUR_S)
    park.outbox.add("parking", {"plate-event/1"})
    park.take(seen("AB123CD"))
    leaves = seen("AB123CD", "out", 100)
    park.outbox.accept(leaves, NOW)
    park.now_s = NOW + 30 * DAY_S
    park.parking.make_round()
    assert park.plates_inside == ["AB123CD"]
    park.parking.take(leaves)
    park.outbox.delivered("parking", leaves.id)
    park.parking.make_round()
    assert [event.state for event in park.told] == ["entered", "left"]


def test_somebody_ends_a_session():
    park = CarPark()
    (entered,) = park.take(seen("AB123CD"))
    park.now_s = NOW + 60
    ended = park.parking.end(entered.session)
    assert (ended.ended, ended.ended_at, ended.left_at) == ("by_hand", NOW + 60, None)
    assert states(park.told[1:]) == [("left", "AB123CD", 0)]
    with pytest.raises(UserError, match=f"'{entered.session}' has ended already"):
        park.parking.end(entered.session)
    with pytest.raises(UserError, match="no parking session 'x'"):
        park.parking.end("x")
    assert park.heard["by_hand"] == 1


def test_what_a_portal_asks():
    park = CarPark()
    park.take(seen("AB123CD", after_s=0), seen("KL555MN", after_s=100))
    park.take(seen("AB12BCD", "out", 200, doubt=[4]), seen("ZZ999ZZ", "out", 300))
    assert park.plates_inside == ["KL555MN"]
    everything = park.parking.history()
    assert [one.plate for one in everything] == ["ZZ999ZZ", "KL555MN", "AB123CD"]
    assert [one.plate for one in park.parking.history(limit=1)] == ["ZZ999ZZ"]
    before = START + timedelta(seconds=100)
    assert [one.plate for one in park.parking.history(before=before)] == ["AB123CD"]
    for plate in ("AB123CD", "AB12BCD"):
        assert park.parking.history(plate) == [everything[2]]
    assert park.parking.session(everything[2].id) == everything[2]
    assert everything[2].stay_s == 200.0
    assert park.parking.history("NOBODY1") == []


def watched(*lists):
    return Watched("allow", tuple(ListMatch(one, "allow", "x", "exact", 0.0) for one in lists))


def test_who_stays_too_long_is_told_of_once(tmp_path):
    path = tmp_path / "events.sqlite3"
    park = CarPark(path, max_stay_s=HOUR_S, exempt=("residents",))
    park.take(
        seen("AB123CD", after_s=0),
        seen("KL555MN", after_s=10, watchlist=watched("staff", "residents")),
        seen("XY987ZW", after_s=2000, watchlist=watched("staff")),
    )
    park.now_s = NOW + HOUR_S
    park.parking.make_round()
    assert len(park.told) == 3
    park.close()
    park = CarPark(path, max_stay_s=HOUR_S, exempt=("residents",), now_s=NOW + HOUR_S + 60)
    for _ in range(3):
        park.parking.make_round()
    (late,) = park.told[3:]
    assert states([late]) == [("overstay", "AB123CD", 3)]
    assert (late.at - START).total_seconds() == HOUR_S
    assert (late.camera, late.entry_event) == ("in", park.told[0].entry_event)
    # one that left before the next round is told of all the same, before it leaves
    told = park.take(seen("XY987ZW", "out", 2000 + HOUR_S + 1), seen("AB123CD", "out", 9000))
    assert [event.state for event in told] == ["overstay", "left", "left"]
    assert park.heard["overstay"] == 2
    park.close()


def test_what_has_ended_is_forgotten_and_what_is_open_is_not():
    park = CarPark()
    park.take(seen("AB123CD", "in", 0), seen("KL555MN", "in", 0), seen("AB123CD", "out", 100))
    assert park.parking.purge(NOW + 100) == 0
    assert park.parking.purge(NOW + 101) == 1
    assert [one.plate for one in park.parking.history()] == ["KL555MN"]
    assert len(park.tables()[1]) == 1


def test_a_car_park_that_is_no_more_is_forgotten(tmp_path):
    path = tmp_path / "events.sqlite3"
    park = CarPark(path)
    park.take(seen("KL555MN"))
    park.close()
    park = CarPark(path, entry=(), exit=())
    assert not park.parking.on
    assert park.parking.purge(NOW + 1) == 1
    assert park.tables()[:2] == [[], []]
    park.close()


def test_nobody_is_woken_for_nothing():
    park, woken = CarPark(), []
    park.outbox.listen(lambda: woken.append(True))
    event = seen("AB123CD")
    park.take(event)
    assert len(woken) == 1
    park.take(event, seen("AB123CD", after_s=5))
    park.parking.make_round()
    assert len(woken) == 1


def test_its_metrics():
    metrics = Metrics()
    observer = ParkingMetrics(metrics)
    park = CarPark(observer=observer, max_stay_s=HOUR_S, initial_occupancy=2)
    observer.show(park.parking.occupancy, 40)
    park.take(seen("AB123CD"), seen("AB123CD", after_s=5), seen("KL555MN"))
    park.take(seen("AB123CD", "out", 7200), seen("ZZ999ZZ", "out", 7300))

    def value(name, **labels):
        return metrics.registry.get_sample_value(f"anpr_parking_{name}", labels)

    assert (value("occupancy"), value("capacity"), value("entries_total")) == (2, 40, 2)
    assert value("sessions_total", outcome="exact") == 1
    assert value("sessions_total", outcome="exit_only") == 1
    assert value("sessions_total", outcome="lost") == 0
    assert value("ignored_total", reason="repeat") == 1
    assert value("overstays_total") == 1
    assert (value("stay_seconds_count"), value("stay_seconds_sum")) == (1, 7200)
    assert value("stay_seconds_bucket", le="7200.0") == 1


def test_rounds_go_on_after_a_failure():
    park, made = CarPark(), threading.Event()
    turns = iter([OSError("disk full"), None])

    def make_round():
        turn = next(turns, None)
        if turn:
            raise turn
        made.set()

    park.parking.make_round = make_round
    rounds = Rounds(park.parking, every_s=0.001)
    rounds.start()
    assert made.wait(120)
    rounds.stop(30)
