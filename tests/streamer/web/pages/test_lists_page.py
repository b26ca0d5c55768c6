"""Lists: who is on them, and changing that."""

import pytest
from playwright.sync_api import expect

from portal_pages import DESK, PHONE, window


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_an_entry_is_added_changed_and_removed(chromium, tmp_path, size):
    with window(chromium, tmp_path, size) as shown:
        page = shown.open("/lists?list=banned")
        page.get_by_role("button", name="Add a plate").click()
        page.get_by_label("Plate", exact=True).fill("xy 999 zz")
        page.get_by_label("At these hours").fill("7 to 9")
        page.get_by_role("button", name="Add", exact=True).click()
        page.locator("#field-hours[aria-invalid]").wait_for()
        assert "07:00-19:00" in page.locator("#field-hours-fault").inner_text()
        shown.expect_fault("422")
        page.get_by_label("At these hours").fill("07:00-09:00")
        page.get_by_label("Sat", exact=True).uncheck()
        page.get_by_label("Sun", exact=True).uncheck()
        page.get_by_role("button", name="Add", exact=True).click()
        row = page.locator(".list-results tbody tr")
        row.filter(has_text="XY999ZZ").wait_for()
        assert "Mon\u2013Fri, 07:00\u201309:00" in row.inner_text()
        page.get_by_role("button", name="Edit XY999ZZ").click()
        page.get_by_label("Note").fill("rude")
        page.get_by_role("button", name="Change", exact=True).click()
        row.filter(has_text="rude").wait_for()
        kept = shown.site.get("/watchlists/banned/entries")["entries"]
        assert [(one["plate"], one["note"], one["weekdays"], one["hours"]) for one in kept] == [
            ("XY999ZZ", "rude", "mon,tue,wed,thu,fri", "07:00-09:00")
        ]
        page.get_by_role("button", name="Remove XY999ZZ").click()
        page.locator("dialog").get_by_role("button", name="Remove").click()
        page.get_by_text("Nobody is on this list yet").wait_for()
        assert shown.site.get("/watchlists/banned/entries")["total"] == 0


def test_what_is_on_a_list_is_not_added_again(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        shown.site.send("PUT", "/watchlists/banned/entries/AB1", json={"note": "first"})
        page = shown.open("/lists?list=banned")
        page.get_by_role("button", name="Add a plate").click()
        page.get_by_label("Plate", exact=True).fill("ab-1")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_text("is on the list already").wait_for()
        assert shown.site.get("/watchlists/banned/entries")["entries"][0]["note"] == "first"


def test_the_configuration_is_read_only(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        page = shown.open("/lists")
        assert page.get_by_text("configuration, read-only").count() == 2
        assert page.get_by_role("button", name="Remove").count() == 0


def test_many_are_searched_and_paged(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        table = "plate;note\n" + "".join(f"ZZ{n:04};flat {n}\n" for n in range(120))
        shown.site.watchlists.import_csv("banned", table.encode())
        page = shown.open("/lists?list=banned")
        assert page.locator(".pager").inner_text().split("\n")[1] == "1\u201350 of 120"
        page.get_by_role("button", name="Next").click()
        page.get_by_text("51\u2013100 of 120").wait_for()
        page.get_by_label("Search the list").fill("flat 119")
        page.locator(".pager").wait_for(state="detached")
        expect(page.locator(".list-results .plate")).to_have_text(["ZZ0119"])


@pytest.mark.parametrize(("mode", "plates"), [("Add", ["AB1", "CD2"]), ("Replace", ["CD2"])])
def test_a_table_is_imported(chromium, tmp_path, mode, plates):
    with window(chromium, tmp_path) as shown:
        shown.site.send("PUT", "/watchlists/banned/entries/AB1", json={})
        page = shown.open("/lists?list=banned")
        page.get_by_role("button", name="Import").click()
        page.locator(f"input[value={mode.lower()}]").check()
        content = {"name": "list.csv", "mimeType": "text/csv"}
        choice = page.locator("dialog input[type=file]")
        choice.set_input_files(content | {"buffer": b"plate;valid_until\nCD2;never\n"})
        submit = page.locator("dialog button[type=submit]")
        submit.click()
        page.locator(".form-fault", has_text="Line 2").wait_for()
        shown.expect_fault("422")
        choice.set_input_files(content | {"buffer": b"plate;valid_until\nCD2;2030-12-31\n"})
        submit.click()
        page.locator(".list-results .plate", has_text="CD2").wait_for()
        found = shown.site.get("/watchlists/banned/entries")["entries"]
        assert sorted(one["plate"] for one in found) == plates


def test_a_list_is_exported(chromium, tmp_path):
    with window(chromium, tmp_path) as shown:
        page = shown.open("/lists")
        with page.expect_download() as download:
            page.get_by_role("link", name="Export").click()
        assert "KL*,fleet" in download.value.path().read_text()


def test_without_lists_it_says_what_to_write(chromium, tmp_path):
    with window(chromium, tmp_path, lists=()) as shown:
        page = shown.open("/lists")
        assert "kind: allow" in page.locator("pre").inner_text()
