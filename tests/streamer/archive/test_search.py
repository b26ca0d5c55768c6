"""What a search gives, against a plain reference; and what it gives while events arrive."""

import re
import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamer.archive.records import Query
from streamer.data import ListMatch, Watched
from streamer.near import distance, folded, reach_of

FAR = 1e11
"""Seconds since 1970 after everything."""
quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PLATES = st.text("AB0O18", min_size=1, max_size=6)
LISTS = st.sets(st.sampled_from(["staff", "wanted"]))


@st.composite
def passages(draw, least=0):
    """Fields of events: few plates, cameras, times and lists, so that much is alike."""
    one = st.fixed_dictionaries(
        {
            "plate": PLATES,
            "camera": st.sampled_from(["north", "south"]),
            "after_s": st.integers(0, 5),
            "way": st.sampled_from(["entry", "exit", None]),
            "lists": LISTS,
            "corrected": st.one_of(st.just(False), st.none(), PLATES),
        }
    )
    return draw(st.lists(one, min_size=least, max_size=12))


@st.composite
def queries(draw):
    """Any combination of what can be asked for."""
    at = st.one_of(st.none(), st.integers(0, 6))
    kinds = {
        "plate": st.one_of(st.none(), st.text("AB01*?", min_size=1, max_size=5)),
        "near": st.booleans(),
        "cameras": st.sampled_from([(), ("north",), ("north", "south"), ("west",)]),
        "list": st.sampled_from([None, "staff", "wanted", "none"]),
        "verdict": st.sampled_from([None, "deny", "allow"]),
        "way": st.sampled_from([None, "entry", "exit"]),
        "corrected": st.sampled_from([None, True, False]),
        "since": at,
        "until": at,
    }
    chosen = draw(st.sets(st.sampled_from(sorted(kinds)), max_size=3))
    return {name: draw(kinds[name]) for name in sorted(chosen)}


def put(archive, make_event, fields):
    """Takes an event and what somebody says of it; gives it as it is known then."""
    lists, corrected = fields["lists"], fields["corrected"]
    verdict = "deny" if "wanted" in lists else "allow"
    matches = tuple(ListMatch(name, verdict, "A", "exact", 0.0) for name in sorted(lists))
    event = make_event(
        *(fields["plate"], fields["camera"], fields["after_s"]),
        way=fields["way"],
        watchlist=Watched(verdict, matches) if lists else None,
    )
    archive.take(event)
    return event if corrected is False else archive.correct(event.id, corrected, "jane")


def fits(record, query):
    """The reference: what the query says, word for word."""
    event, plate = record.event, record.plate
    watched = event.watchlist
    lists = {match.list for match in watched.matches} if watched else set()
    return all(
        [
            query.plate is None or (plate is not None and plate_fits(plate, query)),
            not query.cameras or event.camera in query.cameras,
            query.since is None or event.read_at >= query.since,
            query.until is None or event.read_at < query.until,
            query.list is None or query.list in lists,
            query.verdict is None or (watched is not None and watched.verdict == query.verdict),
            query.way is None or event.way == query.way,
            query.corrected is None or (record.correction is not None) == query.corrected,
        ]
    )


def plate_fits(plate, query):
    pattern = query.plate.replace("*", ".*").replace("?", ".")
    if re.fullmatch(pattern, plate):
        return True
    if not query.near or pattern != query.plate:
        return False
    return distance(plate, query.plate) <= reach_of(query.plate, 1.0)


def timed(query, start):
    times = {"since", "until"} & set(query)
    moments = {
        name: None if query[name] is None else start + timedelta(seconds=query[name])
        for name in times
    }
    return Query(**query | moments)


@pytest.fixture(params=[2, 10_000], ids=["rare", "common"])
def window(request, monkeypatch):
    """How many of the latest events a search looks at before it asks an index."""
    monkeypatch.setattr("streamer.archive.search.WINDOW", request.param)


@pytest.mark.usefixtures("window")
@quick
@given(passages(), queries(), st.integers(1, 5))
def test_a_search_finds_what_fits_and_nothing_else(archive, make_event, some, query, size):
    archive.purge(FAR)
    for fields in some:
        put(archive, make_event, fields)
    everything = list(archive.walk(Query()))
    assert len(everything) == len(some)
    assert everything == sorted(
        everything, key=lambda one: (one.event.read_at, one.event.id), reverse=True
    )
    wanted = timed(query, make_event().read_at)
    expected = [one.event.id for one in everything if fits(one, wanted)]
    found, cursor = [], None
    while True:
        page = archive.search(wanted, size, cursor)
        found += page.records
        cursor = page.next
        if cursor is None:
            break
        assert len(page.records) == size
    assert [record.event.id for record in found] == expected
    far = wanted.near and wanted.plate is not None and not set("*?") & set(wanted.plate)
    for record in found:
        assert record.distance == (distance(record.plate, wanted.plate) if far else None)


@pytest.mark.usefixtures("window")
@quick
@given(passages(least=3), passages(), st.integers(1, 4), st.sampled_from(["*", "*1*", "A*"]))
def test_page_by_page_each_comes_once_while_others_arrive(
    archive, make_event, some, later, size, pattern
):
    archive.purge(FAR)
    for fields in some:
        put(archive, make_event, fields)
    wanted = Query(plate=pattern)
    before = [record.event.id for record in archive.walk(wanted)]
    found, cursor, arriving = [], None, iter(later)
    while True:
        page = archive.search(wanted, size, cursor)
        found += [record.event.id for record in page.records]
        cursor = page.next
        if cursor is None:
            break
        if (fields := next(arriving, None)) is not None:
            put(archive, make_event, fields)
    assert len(found) == len(set(found))
    assert [one for one in found if one in before] == before


@quick
@given(st.lists(st.text("ABDO018", min_size=1, max_size=7), max_size=40), PLATES)
def test_near_ones_are_all_within_reach(archive, make_event, plates, plate):
    archive.purge(FAR)
    for one in plates:
        archive.take(make_event(one))
    reach = reach_of(plate, 1.0)
    near = {one: distance(one, plate) for one in plates if one != plate}
    expected = sorted((far, one) for one, far in near.items() if far <= reach)
    found = archive.near(plate, 1000)
    assert [(far, one.plate) for one, far in found] == expected
    assert all(one.events == plates.count(one.plate) for one, _ in found)


def test_what_is_folded_has_no_sign_beyond_z():
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    assert max(folded(signs)) < "["  # streamer.archive.resembling relies on it


def test_readers_and_writers_do_not_hinder_each_other(archive, make_event):
    stop, errors = threading.Event(), []

    def guarded(work):
        try:
            work()
        except Exception as error:
            errors.append(error)
            stop.set()

    def write(number):
        for count in range(25):
            event = make_event(f"AB{number}0{count:02}", after_s=count)
            archive.take(event)
            archive.take(event)
            if count >= 3:  # what is older may have been purged
                archive.correct(event.id, f"XY{number}0{count:02}", "jane")
            if count % 5 == 0:
                archive.retract(event.id)
            archive.log("jane", "event.correct", event.id)

    def read():
        while not stop.is_set():
            page = archive.search(Query(plate="*0*"), 20)
            assert all("0" in record.plate for record in page.records)
            archive.near("AB1012")
            archive.changes()

    def purge():
        while not stop.is_set():
            archive.purge(make_event(after_s=3).read_at.timestamp())

    writers = [threading.Thread(target=guarded, args=[lambda n=n: write(n)]) for n in range(4)]
    others = [threading.Thread(target=guarded, args=[work]) for work in (read, read, purge)]
    for thread in (*writers, *others):
        thread.start()
    for thread in writers:
        thread.join(60)
    stop.set()
    for thread in others:
        thread.join(60)
    assert errors == []
    archive.purge(make_event(after_s=3).read_at.timestamp())
    plates = sorted(record.plate for record in archive.walk(Query()))
    kept = [(n, count) for n in range(4) for count in range(3, 25)]
    assert plates == sorted(f"{'AB' if c % 5 == 0 else 'XY'}{n}0{c:02}" for n, c in kept)
    # What the search stands on, and nothing else, is in the list of plates.
    assert len(list(archive.walk(Query(plate="*")))) == len(plates)
    assert len(archive.changes()) == 100
