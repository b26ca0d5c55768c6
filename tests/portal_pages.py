"""The pages of a whole portal in a real browser, and what must never go wrong on any of them."""

from contextlib import ExitStack, contextmanager
from dataclasses import replace

from full_portal import full_portal
from reading_app import reading as reading_of
from served import served
from streamer.web.options import Web
from streamer.web.site import create_app

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
SOON_MS = 60_000


class Window:
    """A page of the portal, `page` as Playwright has it, and `site` behind it."""

    def __init__(self, site, address, page):
        self.site = site
        self.page = page
        self._address = address
        self._faults = []
        page.set_default_timeout(SOON_MS)
        page.on("pageerror", lambda error: self._faults.append(str(error)))
        page.on("console", self._hear)

    def open(self, path):
        """The page, once it is there."""
        self.page.goto(self._address + path)
        self.page.wait_for_selector("main:not([aria-busy]) h1")
        return self.page

    def expect_fault(self, words):
        """The browser's own complaint of a request that was refused, which the test wants."""
        assert any(words in fault for fault in self._faults), self._faults
        self._faults = [fault for fault in self._faults if words not in fault]

    def check(self):
        """Nothing was complained of (a violation of the policy is), and nothing is too wide."""
        assert not self._faults
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window

    def _hear(self, message):
        if message.type in {"error", "warning"}:
            self._faults.append(message.text)


@contextmanager
def window(chromium, folder, size=DESK, reading=None, sinks=(), **options):
    """A browser's window before a portal of its own, which is checked once more at the end."""
    with ExitStack() as ends:
        site = ends.enter_context(full_portal(folder, **options))
        if reading is None:
            reading = reading_of(folder / "reading")  # which opens its models when it is asked
            ends.callback(reading.stop)
        portal = replace(site.portal, reading=reading, folder=folder, sinks=sinks)
        with served(create_app(portal, Web())) as address:
            context = chromium.new_context(viewport=size, reduced_motion="reduce")
            try:
                shown = Window(site, address, context.new_page())
                yield shown
                shown.check()
            finally:
                context.close()
