"""Pictures lie upright whatever their format, as far as it says how they were taken."""

import sys

import numpy as np
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from streamer.errors import SourceError
from streamer.heif import heif_kind
from streamer.sources.images import read_picture

ORIENTATION = 0x112
TURNED = ["jpg", "png", "webp", "tiff", "heic", "avif"]


def upright_picture():
    """Wide, with a red corner on the upper left."""
    image = np.full((96, 160, 3), 60, np.uint8)
    image[:32, :40] = (220, 20, 20)
    return image


def saved(path, orientation):
    """The picture as a camera keeps it that was held so."""
    turns = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    register_heif_opener()
    Image.fromarray(np.rot90(upright_picture(), turns).copy()).save(
        path, exif=exif if path.suffix == ".tiff" else exif.tobytes(), quality=90
    )
    return path


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("ending", TURNED)
def test_a_picture_is_turned_upright(tmp_path, ending, orientation):
    image = read_picture(saved(tmp_path / f"car.{ending}", orientation))
    assert image.shape == (96, 160, 3)
    red = image.astype(int)[:, :, 2] - image[:, :, 0] > 90  # BGR
    assert red[4:28, 4:36].mean() > 0.95
    assert red[40:, 48:].mean() == 0


@pytest.mark.parametrize("ending", ["heic", "avif"])
def test_what_is_broken_is_no_picture(tmp_path, ending):
    path = saved(tmp_path / f"car.{ending}", 1)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SourceError, match="no picture that can be decoded") as raised:
        read_picture(path)
    assert raised.value.reason == "corrupt"


def test_without_the_library_it_says_what_to_install(tmp_path, monkeypatch):
    path = saved(tmp_path / "car.heic", 1)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(SourceError, match=r"car.heic: a HEIC .* pip install 'plate-streamer\[heic"):
        read_picture(path)


def test_an_old_pillow_is_told_of(tmp_path, monkeypatch):
    path = saved(tmp_path / "car.avif", 1)
    monkeypatch.delitem(Image.OPEN, "AVIF")
    with pytest.raises(SourceError, match=r"car.avif: an AVIF .* pip install -U pillow"):
        read_picture(path)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1", "AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", None),  # an MP4
        (b"\xff\xd8\xff\xe0", None),
        (b"", None),
    ],
)
def test_kinds_by_their_brands(head, kind):
    assert heif_kind(head) == kind
