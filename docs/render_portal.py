"""The pictures of the portal in the docs: a real daemon on two rendered gates, in a real browser.

python docs/render_portal.py
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests
from playwright.sync_api import Page, sync_playwright

from models.training.gate import GateScene

HERE = Path(__file__).parent
PORT = 8097
ADDRESS = f"http://127.0.0.1:{PORT}"
EVENTS = 8
CHROMIUM = "/usr/bin/chromium"


def config(folder: Path) -> str:
    first, *_, last = GateScene(seed=5, vehicles=6).passages()
    return json.dumps(
        {
            "cameras": [
                {"name": "gate-in", "url": "synthetic:?vehicles=60&seed=5", "realtime": True},
                {
                    "name": "gate-out",
                    "url": "synthetic:?vehicles=60&seed=9&night=1",
                    "realtime": True,
                },
            ],
            "watchlists": [
                {"name": "residents", "kind": "allow", "entries": ["*7*", "*2*"]},
                {"name": "banned", "kind": "deny", "entries": [first.plate, last.plate]},
            ],
            "parking": {"entry": ["gate-in"], "exit": ["gate-out"], "capacity": 40},
            "store": {"folder": str(folder / "state")},
            "metrics": {"enabled": False},
            "web": {"enabled": True, "port": PORT},
        }
    )


def events() -> list[dict]:
    try:
        return requests.get(f"{ADDRESS}/api/v1/events?limit=50", timeout=5).json()["events"]
    except OSError:
        return []


def shoot(page: Page, name: str) -> None:
    page.screenshot(path=HERE / f"{name}.jpg", type="jpeg", quality=82)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "gate.yaml"
        written.write_text(config(Path(folder)), encoding="utf-8")
        command = [sys.executable, "-m", "streamer", "run", str(written)]
        daemon = subprocess.Popen(command)  # noqa: S603  (our own)
        try:
            while len(events()) < EVENTS:
                time.sleep(1)
            look()
        finally:
            daemon.terminate()
            daemon.wait()


def look() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        desk = {"viewport": {"width": 1280, "height": 800}}
        page = browser.new_context(**desk).new_page()
        page.goto(ADDRESS)
        page.wait_for_timeout(4000)
        shoot(page, "portal-live")
        page.goto(f"{ADDRESS}/events?id={events()[2]['event']['id']}")
        page.wait_for_timeout(2500)
        shoot(page, "portal-event")
        page.goto(f"{ADDRESS}/system")
        page.wait_for_timeout(12000)
        shoot(page, "portal-system")
        phone = {"viewport": {"width": 390, "height": 780}, "color_scheme": "dark"}
        page = browser.new_context(**phone, device_scale_factor=2).new_page()
        page.goto(ADDRESS)
        page.wait_for_timeout(9000)
        shoot(page, "portal-phone")
        browser.close()


if __name__ == "__main__":
    main()
