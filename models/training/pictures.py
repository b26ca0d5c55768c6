"""The folder of the pictures: finding the one that an annotation means, and how it is turned."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import cast
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from models.training.tables import AnnotationError

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")

ORIENTATION = 0x0112
"""The tag of EXIF that says how a stored picture is to be turned (CIPA DC-008, 4.6.4 A)."""

IntBox = tuple[int, int, int, int]

UPLOADED = re.compile(r"^(?:[0-9a-f]{8}(?:-|_+))+")
"""What Label Studio puts before the name of a file that was uploaded, or that it fetched."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`name` is the path relative to the folder, `stored` the size (width, height) as stored.

    `orientation` is that of EXIF: 1 as stored, 2 to 8 mirrored or turned when shown.
    """

    name: str
    path: Path
    stored: tuple[int, int]
    orientation: int = 1

    @property
    def turned(self) -> bool:
        """Whether the shown picture differs from the stored one."""
        return self.orientation != 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture as shown, which is how OpenCV loads it."""
        width, height = self.stored
        return (height, width) if self.orientation >= 5 else (width, height)

    def shown(self, box: IntBox) -> IntBox:
        """A box of the stored picture, in pixels of the shown one."""
        (ax, ay), (bx, by) = self._shown(*box[:2]), self._shown(*box[2:])
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    def _shown(self, x: int, y: int) -> tuple[int, int]:
        width, height = self.stored
        # The fourth row upwards: the same as 1 to 4, mirrored at the diagonal.
        return {
            1: (x, y),
            2: (width - x, y),
            3: (width - x, height - y),
            4: (x, height - y),
            5: (y, x),
            6: (height - y, x),
            7: (height - y, width - x),
            8: (y, width - x),
        }[self.orientation]


class PictureFolder:
    """All pictures below a folder, found by name whatever the case of its letters."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._by_path: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        self._by_upload: dict[str, list[str]] = {}
        for path in files_below(root):
            if path.suffix.lower() == ".xml":
                continue
            name = path.relative_to(root).as_posix()
            for key in _keys(name):
                self._by_path.setdefault(key, []).append(name)
                bare = key.rsplit("/", 1)[-1]
                self._by_name.setdefault(bare, []).append(name)
                self._by_upload.setdefault(_as_uploaded(bare), []).append(name)

    def find(self, names: Iterable[str], wanted_by: Path) -> Picture | None:
        """The first of `names` that is here: paths relative to the folder, ending optional.

        Where none is, a picture in any folder whose own name is that of one of them, as it is or
        as Label Studio renames what is uploaded. Raises `AnnotationError` that names `wanted_by`
        where there are several such, and where the picture cannot be read.
        """
        names = list(names)
        for name in names:
            if here := self._by_path.get(name.lower()):
                return self._open(_best(here, name))
        bare = [name.lower().rsplit("/", 1)[-1] for name in names]
        # An upload has lost its folder: several of one name cannot be told apart. What was fetched
        # of a server is named as in its address.
        uploads = [unquote(UPLOADED.sub("", name)).lower() for name in bare if UPLOADED.match(name)]
        for here in (
            *(self._by_name.get(name, []) for name in bare),
            *(self._by_upload.get(_as_uploaded(name), []) for name in uploads),
        ):
            if len(here) > 1:
                several = " or ".join(sorted(here)[:3])
                raise AnnotationError(f"{wanted_by}: its picture may be {several}; say the folder")
            if here:
                return self._open(here[0])
        return None

    def pictures(self) -> list[str]:
        """The names of all that end as pictures do, in order."""
        every = {name for names in self._by_path.values() for name in names}
        return sorted(name for name in every if name.lower().endswith(PICTURE_ENDINGS))

    def _open(self, name: str) -> Picture:
        from PIL import Image, UnidentifiedImageError

        path = self.root / name
        try:
            with Image.open(path) as opened:
                orientation = int(opened.getexif().get(ORIENTATION, 1))
                # Of TIFF alone, Pillow gives the size as shown.
                tags = getattr(opened, "tag_v2", {})
                stored = (tags.get(256, opened.width), tags.get(257, opened.height))
        except (UnidentifiedImageError, OSError, ValueError, TypeError) as error:
            raise AnnotationError(f"{path}: no readable picture ({error})") from error
        return Picture(name, path, stored, orientation if 1 <= orientation <= 8 else 1)


def _keys(name: str) -> Iterator[str]:
    """What a picture is asked for by: its path, and its path without the ending."""
    stem, ending = os.path.splitext(name.lower())
    yield name.lower()
    if ending in PICTURE_ENDINGS:
        yield stem


def _as_uploaded(name: str) -> str:
    """The name as Django stores it: blanks as `_`; but for letters, digits, `-_.` nothing else."""
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))


def _best(here: list[str], name: str) -> str:
    def rank(path: str) -> tuple[bool, int, str]:
        ending = os.path.splitext(path.lower())[1]
        known = PICTURE_ENDINGS.index(ending) if ending in PICTURE_ENDINGS else -1
        return path != name, known, path

    return min(here, key=rank)


def tails(text: str | None) -> list[str]:
    """`a/b/c`, `b/c`, `c` of a path of any system; nothing of an empty one."""
    parts = [
        part for part in (text or "").strip().replace("\\", "/").split("/") if part.strip(". ")
    ]
    return ["/".join(parts[start:]) for start in range(len(parts))]


def joined(folder: str, name: str) -> str:
    """The path of a file in a folder, as pictures are named."""
    return PurePosixPath(folder, name).as_posix()


def files_below(root: Path) -> list[Path]:
    """All files below a folder, by name; not what desktops leave there (`.x`, `__MACOSX`)."""
    found = []
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(one for one in inner if not one.startswith((".", "__MACOSX")))
        found += [Path(folder, one) for one in files if not one.startswith(".")]
    return sorted(found)


def load(path: Path, *, grey: bool = False, reduce: int = 1) -> NDArray[np.uint8]:
    """A picture as shown: (height, width, 3) BGR, or (height, width) if `grey`.

    `reduce` 2, 4 or 8 loads it that much smaller, which is much faster for JPEG. Raises
    `AnnotationError`.
    """
    import cv2

    kind = "GRAYSCALE" if grey else "COLOR"
    name = f"IMREAD_{kind}" if reduce == 1 else f"IMREAD_REDUCED_{kind}_{reduce}"
    try:
        stored = np.fromfile(path, np.uint8)
        # imdecode, not imread: that one fails on some turned TIFF files.
        image = cv2.imdecode(stored, getattr(cv2, name)) if stored.size else None
    except (OSError, cv2.error) as error:
        raise AnnotationError(f"{path}: no readable picture ({error})") from error
    if image is None:
        raise AnnotationError(f"{path}: no readable picture")
    return cast(NDArray[np.uint8], image)
