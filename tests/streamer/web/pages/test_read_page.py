"""Read: what is on the plates of a picture, of a video."""

import pytest
from playwright.sync_api import expect

from clips import gate_film
from portal_pages import DESK, PHONE, window

LONG_MS = 180_000


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_picture_is_read(chromium, tmp_path, real_reading, gate_jpeg, gate_scene, size):
    _, plate = gate_scene
    with window(chromium, tmp_path, size, reading=real_reading) as shown:
        page = shown.open("/read")
        picture = {"name": "car.jpg", "mimeType": "image/jpeg", "buffer": gate_jpeg}
        page.locator("input[type=file]").first.set_input_files(picture)
        page.locator(".found").wait_for(timeout=LONG_MS)
        assert page.locator(".found .plate").inner_text() == plate
        assert "".join(page.locator(".char").all_inner_texts()) == plate
        shares = page.locator(".char-share").all_inner_texts()
        assert len(shares) == len(plate)
        assert all(0 <= float(share.removesuffix("%")) <= 100 for share in shares)
        assert page.locator(".plate-crop").is_visible()
        drawn = page.locator(".read-picture").get_attribute("src")
        page.get_by_role("button", name="Original").click()
        assert drawn.startswith("data:image/jpeg")
        assert page.locator(".read-picture").get_attribute("src").startswith("blob:")


def test_a_video_is_read_while_one_looks(chromium, tmp_path, real_reading):
    clip = gate_film(tmp_path / "clip.mp4")
    with window(chromium, tmp_path, reading=real_reading) as shown:
        page = shown.open("/read")
        page.locator("input[type=file]").first.set_input_files(clip.path)
        page.locator(".read-progress progress").wait_for()
        page.locator(".found-vehicles .plate").wait_for(timeout=LONG_MS)
        assert page.locator(".found-vehicles .plate").inner_text() == clip.plate
        page.locator(".read-progress").wait_for(state="hidden", timeout=LONG_MS)
        expect(page.locator(".read-state")).to_have_text("read")
        crop = page.locator(".found-vehicles img")
        assert crop.evaluate("img => img.decode().then(() => img.naturalWidth)")


def test_a_video_is_given_up(chromium, tmp_path, real_reading):
    clip = gate_film(tmp_path / "clip.mp4", from_s=0.0, until_s=30.0)
    with window(chromium, tmp_path, reading=real_reading) as shown:
        page = shown.open("/read")
        page.locator("input[type=file]").first.set_input_files(clip.path)
        page.get_by_role("button", name="Stop reading").click()
        page.locator(".read-state", has_text="stopped").wait_for()


@pytest.mark.parametrize(
    ("name", "content", "words", "status"),
    [
        ("notes.txt", b"hello", "neither a picture nor a video", "415"),
        ("large.jpg", bytes(9_000_000), "too large", "413"),
    ],
)
def test_what_cannot_be_read_says_why(
    chromium, tmp_path, real_reading, name, content, words, status
):
    with window(chromium, tmp_path, reading=real_reading) as shown:
        page = shown.open("/read")
        file = {"name": name, "mimeType": "image/jpeg", "buffer": content}
        page.locator("input[type=file]").first.set_input_files(file)
        card = page.get_by_role("article", name=name)
        card.get_by_role("alert").wait_for()
        assert words in card.get_by_role("alert").inner_text()
        shown.expect_fault(status)
