"""The page Events: search, the evidence of one, and what corrections make of it."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def events(browse, address):
    def open_at(query=""):
        page = browse(f"{address}/events{query}")
        page.wait_for_selector(".results .event-row, .results .empty")
        return page

    return open_at


def plates(page):
    return page.locator(".results .plate-text").all_inner_texts()


def test_a_search_fills_the_address_and_the_files_to_be_fetched(gate, events):
    for plate in ("SRCH01", "SRCH02", "SRXX03"):
        gate.comes(plate, told=False)
    page = events()
    page.get_by_role("searchbox", name="Plate or pattern").fill("srch*")
    expect(page.locator(".event-row")).to_have_count(2)
    expect(page.locator(".results .plate-text")).to_have_text(["SRCH02", "SRCH01"])
    expect(page).to_have_url(re.compile(r"plate=srch\*"))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 3
    page.reload()
    expect(page.locator(".event-row")).to_have_count(2)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".event-row")).to_have_count(50)
    page.wait_for_url("**/events")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?plate=FLT*&camera=out", ["FLT2"]),
        ("?plate=FLT1&near=true", ["FLT1", "FLTI"]),
        ("?plate=BADFLT&verdict=deny", ["BADFLT"]),
        ("?plate=BADFLT&verdict=allow", []),
        ("?plate=FLT*&until=2001-01-01T00:00:00Z", []),
        ("?plate=FLT*&corrected=true", []),
    ],
)
def test_filters_in_the_address_hold(gate, events, query, found):
    if gate.archive.summary("FLT1").events == 0:
        for plate, camera in [("FLT1", "in"), ("FLT2", "out"), ("FLTI", "in"), ("BADFLT", "in")]:
            gate.comes(plate, camera, told=False)
    assert sorted(plates(events(query))) == found


def test_a_wrong_pattern_is_explained(events, browse, address):
    page = browse(f"{address}/events?plate=%24", expected=["422"])
    expect(page.locator(".error-box")).to_be_visible()
    assert page.locator(".error-box").inner_text().strip()


def test_further_events_come_when_the_end_is_near(events):
    page = events("?plate=OLD*")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator(".event-row")).to_have_count(60)
    expect(page.get_by_role("button", name="More")).to_be_hidden()


def test_one_event_shows_its_evidence(gate, events):
    event = gate.comes("BAD55", doubt=(3,), told=False)
    page = events(f"?id={event.id}")
    panel = page.get_by_role("dialog")
    expect(panel.locator(".bar")).to_have_count(5)
    expect(panel.locator(".bar.doubtful")).to_contain_text("60 %")
    expect(panel).to_contain_text("told off twice")
    expect(panel).to_contain_text("7, of which 86 % read this")
    rect = panel.locator(".snapshot-box rect")
    x, width = (float(rect.get_attribute(name)) for name in ("x", "width"))
    assert x < event.box[0]
    assert x + width > event.box[2]
    assert panel.locator("img.snapshot-picture").evaluate("image => image.decode().then(() => 1)")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page).to_have_url(re.compile("/events$"))  # one step back in the history


def test_a_hundred_events_are_checked_by_the_enter_key(gate, events):
    ids = {plate: gate.comes(plate, told=False).id for plate in ("CHK003", "CHK002", "CHK001")}
    page = events("?plate=CHK*")
    page.locator(".event-row").first.click()
    field = page.get_by_role("textbox", name="What the plate is")
    expect(field).to_have_value("CHK001")
    expect(field).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_have_value("CHK002")
    page.keyboard.type("chk 2o2")
    page.keyboard.press("Enter")
    expect(field).to_have_value("CHK003")
    page.get_by_role("button", name="No plate here").click()
    expect(page.locator(".event-row", has_text="no plate")).to_have_count(1)
    said = {plate: gate.archive.get(one).correction.plate for plate, one in ids.items()}
    assert said == {"CHK001": "CHK001", "CHK002": "CHK2O2", "CHK003": None}
    expect(page.locator(".event-row", has_text="CHK2O2")).to_contain_text("Corrected")
    page.get_by_role("button", name="Take back").click()
    expect(field).to_have_value("CHK003")
    assert gate.archive.get(ids["CHK003"]).correction is None
    page.keyboard.press("ArrowUp")
    expect(field).to_have_value("CHK2O2")


def test_a_correction_that_is_no_plate_is_refused_beside_the_field(gate, browse, address):
    event = gate.comes("NOPLT1", told=False)
    page = browse(f"{address}/events?id={event.id}", expected=["422"])
    page.get_by_role("textbox", name="What the plate is").fill("A!B")
    page.keyboard.press("Enter")
    expect(page.locator("#correct-fault")).not_to_be_empty()
    assert gate.archive.get(event.id).correction is None


def test_new_events_are_told_of_and_move_nothing(gate, events, hears):
    with hears():
        page = events()
    first = plates(page)[0]
    gate.comes("LATE01")
    news = page.get_by_role("button", name=re.compile("1 new event"))
    expect(news).to_be_visible()
    assert plates(page)[0] == first
    news.click()
    expect(page.locator(".event-row").first).to_contain_text("LATE01")
