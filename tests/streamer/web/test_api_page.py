"""/docs in a real browser, under the policy that the portal sends."""

import pytest
from playwright.sync_api import sync_playwright

from guarded import served
from streamer.web.options import Web
from streamer.web.site import create_app
from tools import require_tool


@pytest.fixture
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=require_tool("chromium"), args=["--no-sandbox"]
        )
        yield browser.new_page()
        browser.close()


def test_every_operation_is_shown_with_its_fields(site, page):
    complaints, hosts = [], set()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    app = create_app(site.portal, Web())
    operations = sum(len(methods) for methods in app.openapi()["paths"].values())
    with served(app) as portal:
        page.goto(f"{portal.url}/docs")
        page.wait_for_selector("details")
        assert page.locator("details").count() == operations
        page.click("summary:has-text('POST'):has-text('/session')")
        page.wait_for_selector("details[open] table")
        text = page.inner_text("details[open]")
        assert "password" in text
        assert "login_required" in text
        page.click("summary:has-text('/api/v1/events') >> nth=0")
        page.set_viewport_size({"width": 360, "height": 740})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360
    assert [one for one in complaints if "favicon" not in one and "404" not in one] == []
    assert hosts == {portal.url.partition("//")[2]}
