"""The pages Inside, Read, Lists and System
for everybody: with a reader of the screen, in the dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from portal_pages import PHONE, window

GRAVE = {"serious", "critical"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/inside", "/read", "/lists", "/system"])
def test_nothing_grave_is_found(chromium, tmp_path, path, scheme):
    with window(chromium, tmp_path) as shown:
        shown.page.emulate_media(color_scheme=scheme)
        page = shown.open(path)
        found = Axe().run(page).response["violations"]
        assert [
            (one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in GRAVE
        ] == []


def test_nor_in_a_dialog_on_a_phone(chromium, tmp_path):
    with window(chromium, tmp_path, PHONE) as shown:
        page = shown.open("/lists")
        page.get_by_role("button", name="Add a plate").click()
        found = Axe().run(page).response["violations"]
        assert [
            (one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in GRAVE
        ] == []
