from io import BytesIO

import pytest
from PIL import Image

from streamer.picture_head import FORMATS, picture_format, picture_size
from streamer.pictures import decoded


def saved(style, size=(80, 60), mode="RGB", **options):
    out = BytesIO()
    Image.new(mode, size).save(out, style, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("style", "options"),
    [
        ("JPEG", {}),
        ("PNG", {}),
        ("PNG", {"mode": "RGBA"}),
        ("TIFF", {}),
        ("BMP", {}),
        ("WebP", {}),
        ("WebP", {"lossless": True}),
        ("WebP", {"mode": "RGBA"}),
        ("WebP", {"size": (16383, 3)}),
        ("WebP", {"lossless": True, "size": (3, 16383)}),
    ],
)
def test_format_and_size_are_those_that_decoding_finds(style, options):
    data = saved(style, **options)
    assert picture_format(data[:16]) == style
    assert style in FORMATS
    height, width = decoded(data).shape[:2]
    assert picture_size(data) == (width, height) == options.get("size", (80, 60))


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"hello, I am a text", b"RIFF\0\0\0\0AVI LIST", b"RIFF\0\0\0\0WEB"]
)
def test_what_is_no_picture_has_no_format_and_no_size(data):
    assert picture_format(data) is None
    assert picture_size(data) is None


@pytest.mark.parametrize("style", FORMATS)
def test_a_head_that_breaks_off_has_no_size(style):
    assert picture_size(saved(style)[:16]) is None
