"""A picture file's format and size by its first bytes, before anything decodes it."""

import struct
from collections.abc import Callable
from io import BytesIO

from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

Size = tuple[int, int]
"""Width and height in pixels, as stored: EXIF may turn it."""

MAGIC: tuple[tuple[str, bytes], ...] = (
    ("JPEG", b"\xff\xd8\xff"),
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("TIFF", b"II*\x00"),
    ("TIFF", b"MM\x00*"),
    ("BMP", b"BM"),
)

FORMATS = ("JPEG", "PNG", "WebP", "TIFF", "BMP")


def picture_format(head: bytes) -> str | None:
    """Which of `FORMATS` a file that begins with these bytes (16 or more) is in; None: in none."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return next((name for name, magic in MAGIC if head.startswith(magic)), None)


def picture_size(data: bytes) -> Size | None:
    """The size of a picture, from its head alone; None where that is broken or no picture's.

    Of several frames or pages it is that of the first.
    """
    read = _SIZES.get(picture_format(data) or "")
    if read is None:
        return None
    try:
        width, height = read(data)
    except Exception:  # nothing that the parsers stumble over is a picture's head
        return None
    return (width, height) if width > 0 and height > 0 else None


def _by(parse: Callable[[BytesIO], object]) -> Callable[[bytes], Size]:
    # The plugin itself, not Image.open: that has limits of its own, which it warns of.
    def size(data: bytes) -> Size:
        found: Size = getattr(parse(BytesIO(data)), "size")  # noqa: B009
        return found

    return size


def _webp(data: bytes) -> Size:
    """By RFC 9649; the decoder would take memory for the whole picture first."""
    kind = data[12:16]
    if kind == b"VP8X":
        wide, high = data[24:27], data[27:30]
        return int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1
    if kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError(kind)


_SIZES: dict[str, Callable[[bytes], Size]] = {
    "JPEG": _by(JpegImagePlugin.JpegImageFile),
    "PNG": _by(PngImagePlugin.PngImageFile),
    "TIFF": _by(TiffImagePlugin.TiffImageFile),
    "BMP": _by(BmpImagePlugin.BmpImageFile),
    "WebP": _webp,
}
