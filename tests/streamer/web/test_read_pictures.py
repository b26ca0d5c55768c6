"""`POST /read` of pictures: what is read, how they may be sent, and what is refused."""

import struct
import sys
import zlib
from base64 import b64decode
from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pillow_heif import register_heif_opener

from reading_app import API
from streamer.drawing import GREEN
from streamer.picture_reader import PlateReader
from streamer.pictures import decoded
from streamer.web import read_picture

READ = f"{API}/read"


register_heif_opener()


def send(client, data, kind="image/jpeg", **params):
    return client.post(READ, content=data, headers={"content-type": kind}, params=params)


def fields(answer):
    return [error["field"] for error in answer.json().get("errors", ())]


def test_a_picture_as_a_form_and_as_a_body_gives_what_the_bare_reader_gives(
    client, gate_scene, gate_jpeg
):
    form = client.post(READ, files={"file": ("gate.jpg", gate_jpeg)})
    body = send(client, gate_jpeg)
    assert (form.status_code, body.status_code) == (200, 200)
    assert form.json() == body.json()
    (bare,) = PlateReader().read(decoded(gate_jpeg))
    answer = body.json()
    (plate,) = answer["plates"]
    assert plate["plate"] == bare.plate == gate_scene[1]
    assert plate["confidence"] == pytest.approx(bare.confidence)
    assert plate["box"] == pytest.approx(bare.box, abs=0.06)
    assert "".join(one["char"] for one in plate["characters"]) == bare.plate
    assert plate["candidates"][0]["plate"] == bare.candidates[0].plate
    assert (plate["country"], plate["reason"]) == (bare.country, bare.reason)
    assert (answer["kind"], answer["width"], answer["height"]) == ("picture", 1280, 720)
    assert answer["annotated"] is None


def saved(image, style, **options):
    out = BytesIO()
    Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).save(out, style, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("style", "options"),
    [
        ("JPEG", {"quality": 90}),
        ("JPEG", {"quality": 90, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {"quality": 90}),
        ("WEBP", {"lossless": True, "method": 0}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("AVIF", {"quality": 80}),
        ("HEIF", {"quality": 90}),
    ],
)
def test_every_format_is_read_whatever_it_is_called(client, gate_scene, style, options):
    image, plate = gate_scene
    answer = send(client, saved(image, style, **options), "image/x-whatever")
    assert answer.status_code == 200, answer.text
    assert [one["plate"] for one in answer.json()["plates"]] == [plate]


@pytest.mark.parametrize("style", ["JPEG", "HEIF", "AVIF"])
def test_a_picture_is_set_upright_by_its_exif(client, gate_scene, style):
    image, plate = gate_scene
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    turned = saved(cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), style, exif=exif.tobytes())
    answer = send(client, turned).json()
    assert (answer["width"], answer["height"]) == (1280, 720)
    assert [one["plate"] for one in answer["plates"]] == [plate]


@pytest.mark.parametrize("style", ["HEIF", "AVIF"])
def test_what_phones_send_has_its_pixels_counted_before_it_is_decoded(client, monkeypatch, style):
    monkeypatch.setattr(read_picture, "picture_in_file", None)  # whoever calls it fails
    answer = send(client, saved(np.zeros((3100, 4000, 3), np.uint8), style, quality=1))
    assert answer.status_code == 413
    assert "12.4 megapixels" in answer.json()["detail"]


@pytest.mark.parametrize("style", ["HEIF", "AVIF"])
def test_half_of_what_phones_send_is_broken(client, gate_scene, style):
    data = saved(gate_scene[0], style, quality=50)
    for size in (64, 300, len(data) // 2):
        answer = send(client, data[:size])
        assert answer.status_code == 422, (size, answer.text)


def test_without_the_library_for_heic_it_says_what_to_install(client, gate_scene, monkeypatch):
    data = saved(gate_scene[0], "HEIF")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    answer = send(client, data)
    assert answer.status_code == 415
    assert "pip install 'plate-streamer[heic]'" in answer.json()["detail"]


@pytest.mark.parametrize("style", ["WEBP", "PNG", "TIFF"])
def test_of_several_frames_or_pages_the_first_is_read(client, gate_scene, style):
    image, plate = gate_scene
    blank = Image.new("RGB", (1280, 720))
    answer = send(client, saved(image, style, save_all=True, append_images=[blank]))
    assert [one["plate"] for one in answer.json()["plates"]] == [plate]


@pytest.mark.parametrize(("width", "expected"), [(320, 320), (1280, 1280), (2400, 1600)])
def test_the_annotated_picture_shows_the_boxes_in_a_size_for_a_screen(
    client, gate_scene, width, expected
):
    image = cv2.resize(gate_scene[0], (width, width * 9 // 16), interpolation=cv2.INTER_AREA)
    answer = send(client, saved(image, "PNG"), annotate=True).json()
    kind, _, data = answer["annotated"].partition(",")
    assert kind == "data:image/jpeg;base64"
    drawn = decoded(b64decode(data))
    assert drawn.shape == (expected * 9 // 16, expected, 3)
    x1, _, x2, y2 = (side * expected / width for side in answer["plates"][0]["box"])
    bottom = drawn[round(y2), round(x1) + 3 : round(x2) - 3].astype(int)
    assert np.abs(bottom - GREEN).mean() < 60


def test_a_picture_without_plates_has_none(client):
    answer = send(client, saved(np.full((48, 64, 3), 90, np.uint8), "PNG"), annotate=True).json()
    assert answer["plates"] == []
    assert answer["annotated"].startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_pictures_of_any_shape_are_read(client, size):
    answer = send(client, saved(np.zeros((*size, 3), np.uint8), "PNG"), annotate=True)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("sent", "status", "field", "words"),
    [
        ({"files": {"file": ("a.jpg", b"")}}, 422, "body.file", "is empty"),
        ({"files": {"file": ("a.jpg", b"hello")}}, 415, "body.file", "no picture (JPEG, PNG"),
        ({"files": {"picture": ("a.jpg", b"hello")}}, 422, "body.file", "is missing"),
        ({"files": [("file", b"a"), ("file", b"b")]}, 422, "body.file", "more than once"),
        ({"data": {"file": "hello"}}, 415, "header.content-type", "x-www-form-urlencoded: send"),
        ({"content": b"hello"}, 415, "header.content-type", "no content type: send multipart"),
        ({"content": b"", "type": "image/png"}, 422, "body", "is empty"),
        ({"content": b"GIF89a....", "type": "image/gif"}, 415, "body", "no picture (JPEG, PNG"),
        ({"content": b"x", "type": "multipart/form-data"}, 422, "body", "without a boundary"),
        ({"content": b"x", "type": "multipart/form-data; boundary=b"}, 422, "body", "no valid"),
        ({"content": b"--b--", "type": "multipart/form-data; boundary=b"}, 422, "body", ""),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(client, sent, status, field, words):
    if kind := sent.pop("type", None):
        sent["headers"] = {"content-type": kind}
    answer = client.post(READ, **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert fields(answer)[0].startswith(field)
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("style", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_broken_picture_is_said_to_be_broken(client, style):
    head = saved(np.zeros((90, 160, 3), np.uint8), style)[:20]
    answer = send(client, head + bytes(50))
    assert (answer.status_code, fields(answer)) == (422, ["body"])
    assert "cannot be decoded" in answer.json()["detail"]


def png_of(width, height):
    """One that claims to be so large, in a few bytes."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def webp_of(width, height):
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bmp_of(width, height):
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


@pytest.mark.parametrize("made", [png_of, webp_of, bmp_of])
def test_the_size_is_looked_at_before_anything_is_decoded(client, monkeypatch, made):
    monkeypatch.setattr(read_picture, "picture_in_file", lambda data: pytest.fail("was decoded"))
    answer = send(client, made(16000, 12000))
    assert (answer.status_code, fields(answer)) == (413, ["body"])
    assert answer.json()["detail"] == ("16000 x 12000 are 192.0 megapixels; at most 12 are read")


def chunks(size):
    for _ in range(size // 100_000):
        yield bytes(100_000)


@pytest.mark.parametrize("how", ["body", "chunked", "form", "chunked form"])
def test_more_bytes_than_are_taken_are_refused(client, real_reading, how):
    size = 9_000_000
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    answer = {
        "body": lambda: send(client, bytes(size)),
        "chunked": lambda: send(client, chunks(size)),
        "form": lambda: client.post(READ, files={"file": ("a.jpg", bytes(size))}),
        "chunked form": lambda: send(
            client, (one for part in ([form], chunks(size)) for one in part),
            "multipart/form-data; boundary=b",
        ),
    }[how]()  # fmt: skip
    assert answer.status_code == 413, answer.text
    assert fields(answer) == ["body.file" if "form" in how else "body"]
    assert "larger than 8 MB" in answer.json()["detail"]
    assert list(real_reading.folder.iterdir()) == []


def test_a_form_may_not_be_large_beside_its_file(client):
    answer = client.post(READ, data={"note": "x" * 100_000}, files={"file": ("a.jpg", b"hello")})
    assert answer.status_code == 413
    assert "beside the part 'file'" in answer.json()["detail"]


HEADS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8X", b"II*\0\x08\0\0\0",
         b"MM\0*\0\0\0\x08", b"BM", b"\0\0\0\x18ftypmp42", b"\x1aE\xdf\xa3", b"#EXTM3U\n",
         b"GIF89a", b"RIFF\0\0\0\0AVI LIST", b"\0\0\0\x01\x67",
         b"G" + bytes(187) + b"G"]  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    head=st.sampled_from(HEADS),
    rest=st.binary(max_size=400),
    kind=st.sampled_from(["image/jpeg", "video/mp4", "multipart/form-data; boundary=b"]),
)
def test_garbage_is_never_an_error_of_the_server(client, head, rest, kind):
    assert send(client, head + rest, kind, annotate=True).status_code in {200, 202, 413, 415, 422}


def test_what_may_be_sent_is_told_beforehand(client):
    told = client.get(f"{READ}/limits").json()
    assert told.keys() == {"max_upload_mb", "max_megapixels", "max_video_s", "allow_urls"}
    much = b"\0" * (round(told["max_upload_mb"] * 1e6) + 1)
    assert send(client, much).status_code == 413
    assert not told["allow_urls"]
    assert client.post(READ, json={"url": "http://192.0.2.1/a.jpg"}).status_code == 403
