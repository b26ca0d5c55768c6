"""System: is everything all right?"""

import pytest
from playwright.sync_api import expect

from portal_pages import DESK, PHONE, window


def work(site):
    """What the stages of the camera `in` have counted."""
    metrics = site.portal.metrics
    metrics.frames_captured.labels("in").inc(5000)
    metrics.plate_reads.labels("in", "published").inc(41)
    metrics.stream_reconnects.labels("in", "not_found")  # begins at 0, as all of them do
    metrics.stream_reconnects.labels("in", "timeout").inc(2)
    metrics.stage_duration.labels("in", "detect").observe(0.012)


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_figures_of_a_camera(chromium, tmp_path, size):
    with window(chromium, tmp_path, size) as shown:
        work(shown.site)
        page = shown.open("/system")
        camera = page.get_by_role("article", name="in", exact=True).inner_text()
        for words in ("5,000", "41", "it fell silent", "detect", "sees nothing"):
            assert words in camera
        assert "nothing at that address" not in camera


def test_what_is_wrong_comes_with_a_hint(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        work(shown.site)
        page = shown.open("/system")
        trouble = page.locator(".trouble", has_text="in has given no picture yet")
        expect(trouble).to_contain_text("Most often it fell silent")


def test_figures_are_kept_up_to_date(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        work(shown.site)
        page = shown.open("/system")
        shown.site.portal.metrics.frames_captured.labels("in").inc(1234)
        page.get_by_role("article", name="in", exact=True).get_by_text("6,234").wait_for()


def test_who_changed_what(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        shown.site.archive.log("ann", "watchlist.put", "banned/AB1", "")
        page = shown.open("/system")
        page.locator("tr", has_text="watchlist.put").wait_for()
        assert "ann" in page.locator("tr", has_text="watchlist.put").inner_text()
