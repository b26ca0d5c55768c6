"""Inside: who is in the car park."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from car_park import seen
from portal_pages import DESK, PHONE, window


def passed(plate, camera, ago_s):
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    return replace(seen(plate, camera), first_seen=at, last_seen=at, read_at=at)


def fill(site):
    site.take(passed("AB123CD", "in", 7262), pictures=True)
    site.take(passed("XY77ZZ", "in", 600), pictures=True)
    site.take(passed("KL555AB", "in", 5000), passed("KL555AB", "out", 60), pictures=True)


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_who_is_inside_and_for_how_long(chromium, tmp_path, size):
    with window(chromium, tmp_path, size) as shown:
        fill(shown.site)
        page = shown.open("/inside")
        assert page.locator(".count-figure").inner_text() == "2 of 40 places taken"
        first = page.locator(".vehicle").first
        assert "AB123CD" in first.inner_text()
        assert "2 h 1 min" in first.inner_text()
        assert first.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)")
        gone = page.locator(".recent tbody tr")
        assert gone.count() == 1
        assert "KL555AB" in gone.inner_text()
        assert "1 h 22 min" in gone.inner_text()


def test_search_finds_a_plate(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        fill(shown.site)
        page = shown.open("/inside")
        page.get_by_label("Search the vehicles inside by plate").fill("xy 7")
        expect(page.locator(".vehicle .plate")).to_have_text(["XY77ZZ"])


def test_a_session_is_ended_by_hand(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        fill(shown.site)
        page = shown.open("/inside")
        page.get_by_role("button", name="XY77ZZ has left unseen").click()
        page.get_by_role("button", name="Cancel").click()
        assert len(shown.site.parking.inside()) == 2
        page.get_by_role("button", name="XY77ZZ has left unseen").click()
        page.get_by_role("button", name="It has left").click()
        page.locator(".recent tr", has_text="ended by hand").wait_for()
        assert [one.plate for one in shown.site.parking.inside()] == ["AB123CD"]
        expect(page.locator(".count-figure strong")).to_have_text("1")


def test_the_count_is_corrected(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        page = shown.open("/inside")
        page.get_by_role("button", name="Correct the count").click()
        page.get_by_label("Vehicles inside", exact=True).fill("-3")
        page.get_by_role("button", name="Set the count").click()
        page.locator("[aria-invalid]").wait_for()
        assert page.locator(".field-fault").inner_text()
        shown.expect_fault("422")
        page.get_by_label("Vehicles inside", exact=True).fill("7")
        page.get_by_role("button", name="Set the count").click()
        page.locator(".count-figure strong", has_text="7").wait_for()
        assert shown.site.parking.occupancy() == 7


def test_without_a_car_park_it_says_what_to_write(chromium, tmp_path):
    with window(chromium, tmp_path, parking=False) as shown:
        page = shown.open("/inside")
        assert "entry: [gate-in]" in page.locator("pre").inner_text()
