"""What holds for every page: no complaint, no sideways scrolling, nothing that bars anybody."""

import pytest
from axe_playwright_python.sync_playwright import Axe

PHONE = {"width": 360, "height": 740}

PAGES = {
    "live": "/",
    "events": "/events",
    "filters": "/events?plate=OLD*&camera=in&verdict=allow&since=2026-01-01T00%3A00%3A00.000Z",
    "event": "/events?id={event}",
    "plate": "/plates/OLD001",
    "inside": "/inside",
    "read": "/read",
    "lists": "/lists",
    "system": "/system",
}


@pytest.fixture(scope="module", params=list(PAGES))
def path(gate, request):
    event = gate.comes("BAD77", told=False, ago_s=3)
    return PAGES[request.param].format(event=event.id)


def settled(page):
    page.wait_for_selector("main[id=main]:not([aria-busy]) .page")
    page.wait_for_load_state("load")
    page.wait_for_timeout(500)
    return page


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def grave(page):
    """What axe finds that is serious or worse."""
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["target"] for node in one["nodes"]])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def test_a_page_complains_of_nothing_and_bars_nobody(browse, address, path):
    page = settled(browse(address + path))
    assert page.locator("h1").count() == 1
    assert page.title().endswith("· plate-streamer")
    assert grave(page) == []
    page.emulate_media(color_scheme="dark")
    assert grave(page) == []
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(200)
    assert overflow(page) <= 0
    assert grave(page) == []
    assert page.locator("#nav").bounding_box()["y"] > PHONE["height"] / 2


def test_the_first_stop_of_the_keyboard_leads_past_the_navigation(browse, address):
    page = settled(browse(address + "/events"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_a_page_that_is_not_there_says_so_and_leads_on(browse, address):
    page = browse(address + "/", expected=["404"])
    answer = page.goto(address + "/nowhere")
    assert answer.status == 404
    assert settled(page).locator("h1").inner_text() == "Not found"
    page.get_by_role("link", name="Events", exact=True).click()
    page.wait_for_url("**/events")


def test_the_theme_that_was_chosen_is_kept(browse, address):
    page = settled(browse(address + "/", color_scheme="light"))
    page.locator("#menu summary").click()
    page.get_by_role("radio", name="Dark").check()
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.reload()
    assert page.evaluate(ground) == dark
    page.evaluate("localStorage.setItem('theme', 'system')")
    page.reload()
    assert page.evaluate(ground) != dark


def test_pages_are_gone_through_without_loading_anew(browse, address):
    page = settled(browse(address + "/"))
    page.evaluate("window.stays = true")
    page.get_by_role("link", name="Events", exact=True).click()
    page.wait_for_url("**/events")
    page.go_back()
    page.wait_for_url(address + "/")
    page.wait_for_selector(".live")
    assert page.evaluate("window.stays")
