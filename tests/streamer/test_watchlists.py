"""What all lists together say of a plate."""

import logging
from datetime import timedelta

import pytest

from streamer.data import Candidate, ListMatch, Watched
from streamer.enrich.entry import Entry, entry_of
from streamer.enrich.watchlist import Watchlist
from streamer.enrich.watchlists import Listed, Watchlists
from streamer.errors import UserError
from streamer.metrics import Metrics
from streamer.sinks.store import Store


def a_list(name, kind, *entries, **options):
    return Watchlist(name=name, kind=kind, entries=tuple(map(entry_of, entries)), **options)


@pytest.fixture
def started(tmp_path):
    """`started(*lists)`: the lists of a running daemon."""
    stops = []

    def start(*lists, metrics=None):
        store = Store(tmp_path / "events.sqlite3")
        watchlists = Watchlists(lists, metrics or Metrics())
        watchlists.keep_in(store)
        store.open()
        stops.append(store.close)
        stops.append(watchlists.start())
        return watchlists

    yield start
    for stop in reversed(stops):
        stop()


RESIDENTS = ("residents", "allow", "AB123CD", "AB120CD")
BANNED = ("banned", "deny", "XY999ZZ", "HH1234")
VANS = ("vans", "notify", "DHL*")


@pytest.mark.parametrize(
    ("plate", "verdict", "matches"),
    [
        ("AB123CD", "allow", [("residents", "AB123CD", "exact", 0)]),
        ("AB12OCD", "allow", [("residents", "AB120CD", "near", 0.3)]),
        ("AB12DCD", None, []),  # 0 as D: too much to open a gate for
        ("AB124CD", None, []),
        ("AB12I0CD", None, []),
        ("XY999ZZ", "deny", [("banned", "XY999ZZ", "exact", 0)]),
        ("XY998ZZ", None, []),
        ("XY999Z2", "deny", [("banned", "XY999ZZ", "near", 0.6)]),
        ("XY99Z2", None, []),
        ("DHL777", "notify", [("vans", "DHL*", "wildcard", 0)]),
        ("DH7777", None, []),  # patterns have no near matches
    ],
)
def test_how_plates_match(started, make_event, plate, verdict, matches):
    watchlists = started(a_list(*RESIDENTS), a_list(*BANNED), a_list(*VANS))
    watched = watchlists(make_event(plate, candidates=())).watchlist
    assert (watched and watched.verdict) == verdict
    found = [(m.list, m.entry, m.how, m.distance) for m in watched.matches] if watched else []
    assert found == matches


def verdict_of(watchlists, event):
    watched = watchlists(event).watchlist
    return watched and (watched.verdict, [(one.entry, one.how) for one in watched.matches])


def test_deny_prevails_then_allow_and_all_is_told(started, make_event):
    watchlists = started(
        a_list("vans", "notify", "AB*"),
        a_list("residents", "allow", {"plate": "AB123CD", "note": "Miller"}),
        a_list("banned", "deny", "AB123CD"),
    )
    assert watchlists(make_event("AB123CD")).watchlist == Watched(
        "deny",
        (
            ListMatch("banned", "deny", "AB123CD", "exact", 0.0),
            ListMatch("residents", "allow", "AB123CD", "exact", 0.0, "Miller"),
            ListMatch("vans", "notify", "AB*", "wildcard", 0.0),
        ),
    )
    assert watchlists(make_event("AB777")).watchlist.verdict == "notify"
    assert watchlists(make_event("CD777")).watchlist is None


def test_in_a_list_exact_prevails_over_patterns_and_these_over_near_ones(started, make_event):
    watchlists = started(a_list("one", "deny", "AB123CD", "AB12OCD", "AB1*"))
    assert verdict_of(watchlists, make_event("AB123CD")) == ("deny", [("AB123CD", "exact")])
    assert verdict_of(watchlists, make_event("AB120CD")) == ("deny", [("AB1*", "wildcard")])


def test_a_resident_is_not_taken_for_a_neighbour_on_another_list(started, make_event):
    watchlists = started(
        a_list("residents", "allow", "AB123CD"),
        a_list("banned", "deny", "AB124CD", max_distance=1.0),
    )
    assert verdict_of(watchlists, make_event("AB123CD")) == ("allow", [("AB123CD", "exact")])
    assert verdict_of(watchlists, make_event("AB125CD")) == ("deny", [("AB124CD", "near")])


def test_the_nearest_wins_and_ties_are_all_told(started, make_event):
    watchlists = started(a_list("one", "notify", "AB120CD", "AB121CD", "AB128CD", max_distance=1))
    event = make_event("AB12OCD", candidates=())
    assert verdict_of(watchlists, event) == ("notify", [("AB120CD", "near")])
    event = make_event("AB127CD", candidates=())
    assert verdict_of(watchlists, event) == (
        "notify",
        [("AB120CD", "near"), ("AB121CD", "near"), ("AB128CD", "near")],
    )


EXPIRED = {"plate": "AB120CD", "valid_until": "2025-12-31"}


def test_what_has_expired_does_not_match_nor_does_its_neighbour(started, make_event, caplog):
    caplog.set_level(logging.INFO)
    watchlists = started(a_list("residents", "allow", EXPIRED, "AB12OCD", time_zone="UTC"))
    event = make_event("AB120CD")
    assert watchlists(event).watchlist is None
    assert f"event {event.id}: its plate is on watchlist residents" in caplog.text
    assert "but that holds only until 2025-12-31" in caplog.text
    assert "AB120CD" not in caplog.text
    then = make_event("AB120CD", after_s=-timedelta(days=30).total_seconds())
    assert watchlists(then).watchlist.verdict == "allow"


def test_an_expired_entry_gives_way_to_a_pattern(started, make_event):
    watchlists = started(a_list("residents", "allow", EXPIRED, "AB*"))
    assert verdict_of(watchlists, make_event("AB120CD")) == ("allow", [("AB*", "wildcard")])


def test_the_nearest_that_has_expired_hides_those_behind_it(started, make_event):
    watchlists = started(a_list("banned", "deny", EXPIRED, "AB121CD", max_distance=1.9))
    assert watchlists(make_event("AB12OCD", candidates=())).watchlist is None


def test_a_plate_may_have_several_times(started, make_event):
    hours = [{"plate": "AB1", "hours": "01:00-02:00"}, {"plate": "AB1", "hours": "03:00-04:00"}]
    watchlists = started(a_list("residents", "allow", *hours, time_zone="UTC"))
    event = make_event("AB1")  # at 03:04
    assert verdict_of(watchlists, event) == ("allow", [("AB1", "exact")])
    assert watchlists(make_event("AB1", after_s=3600)).watchlist is None


@pytest.mark.parametrize(
    ("options", "plate", "matches"),
    [
        ({"match": "exact"}, "AB12OCD", False),
        ({"match": "exact", "max_distance": 1.0}, "AB12OCD", False),
        ({"max_distance": 0.0}, "AB12OCD", False),
        ({"max_distance": 0.6}, "AB12DCD", True),
        ({"max_distance": 1.9}, "AB124CD", True),
    ],
)
def test_how_near_may_be_set(started, make_event, options, plate, matches, caplog):
    watchlists = started(a_list("residents", "allow", "AB120CD", **options))
    assert bool(watchlists(make_event(plate)).watchlist) == matches
    warned = "lets in plates that only resemble those on it" in caplog.text
    assert warned == matches


def test_candidates_of_the_reader_count_but_open_no_gate(started, make_event):
    likely = make_event("AB124CD", confidence=0.6, candidates=(Candidate("KL777MN", 0.3),))
    allow, deny = a_list("residents", "allow", "KL777MN"), a_list("banned", "deny", "KL777MN")
    assert started(allow)(likely).watchlist is None
    (match,) = started_again(deny)(likely).watchlist.matches
    assert (match.how, match.distance) == ("near", 0.1)


def started_again(one):
    watchlists = Watchlists([one], Metrics())
    watchlists.start()
    return watchlists


def test_people_put_plates_on_lists_and_take_them_off(started, make_event, tmp_path):
    metrics = Metrics()
    watchlists = started(a_list("residents", "allow", "AB1"), a_list(*BANNED), metrics=metrics)
    assert watchlists.names == ("residents", "banned")
    assert watchlists.kind("banned") == "deny"
    watchlists.add("residents", "cd-2", "Miller")
    watchlists.put("residents", entry_of({"plate": "EF3", "hours": "07:00-19:00"}))
    watchlists.add("residents", "CD2", "Smith")
    assert watchlists.entries("residents") == [
        Listed(Entry("AB1"), "config"),
        Listed(Entry("CD2", "Smith"), "stored"),
        Listed(entry_of({"plate": "EF3", "hours": "07:00-19:00"}), "stored"),
    ]
    assert watchlists(make_event("CD2")).watchlist.verdict == "allow"
    assert sample(metrics, "anpr_watchlist_entries", list="residents") == 3
    assert sample(metrics, "anpr_watchlist_matches_total", list="residents", how="exact") == 1
    watchlists.remove("residents", "CD 2")
    assert watchlists(make_event("CD2")).watchlist is None
    assert sample(metrics, "anpr_watchlist_entries", list="residents") == 2


def sample(metrics, name, **labels):
    return metrics.registry.get_sample_value(name, labels)


def test_what_people_added_outlives_the_daemon(tmp_path):
    for round_ in range(2):
        store = Store(tmp_path / "events.sqlite3")
        watchlists = Watchlists([a_list(*RESIDENTS), a_list(*BANNED)], Metrics())
        watchlists.keep_in(store)
        store.open()
        stop = watchlists.start()
        if round_ == 0:
            watchlists.add("banned", "QQ1", "rude")
        stored = [one.entry for one in watchlists.entries("banned") if one.origin == "stored"]
        assert stored == [Entry("QQ1", "rude")]
        stop()
        store.close()


def test_tables_are_imported_whole_or_not_at_all(started):
    watchlists = started(a_list(*RESIDENTS))
    table = b"plate,hours\nAB1,07:00-09:00\nAB1,17:00-19:00\nAB2,\n"
    assert watchlists.import_csv("residents", table) == 3
    assert len(stored(watchlists)) == 3
    with pytest.raises(UserError, match=r"table\.csv:3: plate: "):
        watchlists.import_csv("residents", b"plate\nAB7\n$\n", clear=True)
    assert len(stored(watchlists)) == 3
    assert watchlists.import_csv("residents", b"AB1,always\n") == 1
    assert [one.texts() for one in stored(watchlists)] == [
        {"plate": "AB1", "note": "always"},
        {"plate": "AB2"},
    ]
    assert watchlists.import_csv("residents", b"AB9\n", clear=True) == 1
    assert stored(watchlists) == [Entry("AB9")]


def stored(watchlists):
    return [one.entry for one in watchlists.entries("residents") if one.origin == "stored"]


def test_what_cannot_be_done_is_said(started, tmp_path):
    file = tmp_path / "r.csv"
    file.write_text("FF1\n")
    watchlists = started(a_list("residents", "allow", "AB1", file=file))
    for attempt, fault in [
        (lambda: watchlists.add("resident", "AB1"), "no watchlist 'resident'; .* residents"),
        (lambda: watchlists.add("residents", "A$"), "has '\\$', which no plate shows"),
        (lambda: watchlists.remove("residents", "ZZ9"), "watchlist residents has no ZZ9"),
        (lambda: watchlists.remove("residents", "AB1"), "AB1 is in the configuration"),
        (lambda: watchlists.remove("residents", "FF1"), r"FF1 is in .*r\.csv; change it there"),
        (lambda: watchlists.entries("x"), "no watchlist 'x'"),
    ]:
        with pytest.raises(UserError, match=fault):
            attempt()
    with pytest.raises(UserError, match="nothing can be added here"):
        started_again(a_list(*RESIDENTS)).add("residents", "AB9")
