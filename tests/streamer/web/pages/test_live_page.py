"""The page Live: what the cameras see, and plates as they come."""

import re

import pytest
from playwright.sync_api import expect

from live_gate import until


@pytest.fixture
def live(browse, address, hears):
    with hears():
        page = browse(address + "/")
        page.wait_for_selector(".feed-row")
    return page


def test_a_plate_is_shown_when_it_comes(gate, live):
    expect(live.locator("#lost")).to_be_hidden()
    live.wait_for_timeout(300)  # until what came before it heard is shown
    gate.comes("NEW111")
    expect(live.locator(".latest .plate-text")).to_have_text("NEW111")
    expect(live.locator(".latest-band")).to_contain_text("On no list")
    gate.comes("BAD12", camera="out")
    latest = live.locator(".latest")
    expect(latest.locator(".plate-text")).to_have_text("BAD12")
    expect(latest).to_contain_text(re.compile("Denied.*banned"))
    expect(latest).to_contain_text("told off twice")
    expect(live.locator(".feed-row").first).to_contain_text("NEW111")
    spoken = live.locator("[role=status].visually-hidden").last
    expect(spoken).to_have_text(re.compile("B A D 1 2, Denied, out"))
    crop = latest.locator("img.latest-crop")
    expect(crop).to_have_js_property("complete", True)
    assert crop.evaluate("image => image.naturalWidth") > 0


def test_an_event_that_is_told_again_replaces_itself(gate, live):
    live.wait_for_timeout(300)
    event = gate.comes("TWICE1")
    expect(live.locator(".latest .plate-text")).to_have_text("TWICE1")
    gate.comes("TWICE1", id=event.id, owner={"name": "Anna Miller"})
    expect(live.locator(".latest-owner")).to_have_text("Anna Miller")
    expect(live.locator(".feed-row", has_text="TWICE1")).to_have_count(0)


def test_a_camera_is_seen_paused_and_resumed(gate, live):
    tile = live.get_by_role("article", name="Camera in")
    expect(tile.locator("img")).to_be_visible()
    expect(tile.locator("img")).to_have_js_property("naturalWidth", 640)
    expect(live.get_by_role("article", name="Camera out")).to_contain_text("No picture yet")
    tile.get_by_role("button", name="Pause camera in").click()
    expect(tile.locator(".camera-state")).to_have_text("Paused")
    assert gate.portal.controls.cameras["in"].paused
    expect(tile.locator("img")).to_be_hidden()
    tile.get_by_role("button", name="Resume camera in").click()
    expect(tile.locator("img")).to_be_visible()
    assert not gate.portal.controls.cameras["in"].paused


def test_nobody_watches_once_the_page_is_left(gate, live):
    film = gate.portal.films.cameras["in"]
    expect(live.locator(".camera img").first).to_have_js_property("naturalWidth", 640)
    assert film.watchers >= 1
    live.get_by_role("link", name="Lists", exact=True).click()
    live.wait_for_url("**/lists")
    until(lambda: film.watchers == 0)


def test_a_lost_connection_is_said_and_heals(gate, browse, address):
    page = browse("about:blank", expected=["Failed to load resource"])
    page.route("**/events/live", lambda route: route.abort())
    page.goto(address + "/")
    expect(page.locator("#lost")).to_contain_text("No connection")
    page.unroute("**/events/live")
    gate.comes("MISSED1")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator(".latest .plate-text")).to_have_text("MISSED1")


def test_alerts_are_off_until_somebody_wants_them(gate, live):
    live.wait_for_timeout(300)
    gate.comes("BAD31")
    expect(live.locator(".latest .plate-text")).to_have_text("BAD31")
    assert live.title() == "Live · plate-streamer"
    live.locator("#menu summary").click()
    live.get_by_role("checkbox").check()
    gate.comes("BAD32")
    expect(live).to_have_title(re.compile("BAD32"))
