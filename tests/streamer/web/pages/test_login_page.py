"""Logging in and out, and what viewers are not offered."""

import re

import pytest
from playwright.sync_api import expect

from guarded import PASSWORD


def log_in(page, name, password=PASSWORD):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_who_logs_in_gets_where_he_wanted_to_go(browse, guarded_address):
    page = browse(f"{guarded_address}/events?plate=OLD00*", expected=["401"])
    log_in(page, "olga", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("wrong name or password")
    log_in(page, "olga")
    expect(page.locator(".event-row")).to_have_count(10)
    expect(page).to_have_url(re.compile(r"/events\?plate=OLD00\*$"))
    page.locator("#menu summary").click()
    expect(page.locator("#menu-body")).to_contain_text("olga (operator)")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto(guarded_address + "/")
    page.wait_for_url("**/login?next=%2F")


@pytest.mark.parametrize(
    "wanted", ["https://example.org/", "//example.org/events", "javascript:alert(1)", "/docs"]
)
def test_nobody_is_led_elsewhere_after_logging_in(browse, guarded_address, wanted):
    page = browse(f"{guarded_address}/login?next={wanted}")
    log_in(page, "vera")
    page.wait_for_url(guarded_address + "/")


def test_a_viewer_is_offered_nothing_that_changes_things(gate, browse, guarded_address):
    event = gate.comes("VIEW01", told=False)
    page = browse(guarded_address + "/")
    log_in(page, "vera")
    expect(page.get_by_role("article", name="Camera in")).to_be_visible()
    expect(page.get_by_role("button", name="Pause camera in")).to_have_count(0)
    page.goto(f"{guarded_address}/events?id={event.id}")
    expect(page.get_by_role("dialog")).to_contain_text("VIEW01")
    expect(page.locator(".correct")).to_have_count(0)
    page.goto(f"{guarded_address}/plates/VIEW01")
    expect(page.locator(".plate-head")).to_contain_text("VIEW01")
    expect(page.get_by_role("button", name="Add")).to_have_count(0)
    expect(page.locator(".add-to-list")).to_have_count(0)
