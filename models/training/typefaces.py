"""What plates are lettered in: typefaces that are installed, and alphabets of one stroke.

`make fonts` installs Debian's packages of free typefaces in the manner of signs and plates.
Where none is there, DejaVu (which matplotlib carries) and the drawn alphabets do alone. Only
their pictures go into a training; no font is shipped.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

from models.readers.decode import SIGNS
from models.training.canvas import font_file
from models.training.strokes import Pen, draw_pen, glyph

FOLDER = Path("/usr/share/fonts")

FILES = (
    "OSP-DIN", "RG2014B", "RG2014C", "RG2014D", "RG2014E", "osifont", "routed-gothic",
    "routed-gothic-narrow", "BebasNeue-Bold", "BebasNeue-Regular", "NimbusSansNarrow-Bold",
    "NimbusSansNarrow-Regular", "NimbusSans-Bold", "LiberationSansNarrow-Bold",
    "LiberationSans-Bold", "LiberationSans-Regular", "LiberationMono-Bold",
    "RobotoCondensed-Bold", "RobotoCondensed-Medium", "RobotoCondensed-Regular", "Roboto-Bold",
    "Roboto-Medium", "OpenSans-CondBold", "OpenSans-Bold", "OpenSans-Semibold", "OCRB",
    "tiresias_signfont_bold", "tirekv__", "allerta_medium", "NationalPark-Heavy",
    "NationalPark-Regular", "Oxygen-Sans-Bold", "Play-Bold", "Play-Regular", "B612-Bold",
    "B612Mono-Bold", "YanoneKaffeesatz-Bold", "Inter-Bold", "Inter-SemiBold", "InterDisplay-Bold",
    "Tuffy_Bold", "FreeSansBold", "Dosis-Bold", "Dosis-ExtraBold", "Dosis-SemiBold", "Jura-Bold",
    "Lato-Bold", "Cantarell-Bold", "Hack-Bold", "Go-Bold", "Go-Medium", "Cabin-Bold",
    "ClearSans-Bold", "UniversalisADFStd-BoldCond", "GilliusADF-BoldCond", "GilliusADF-Bold",
    "JetBrainsMono-Bold", "DejaVuSansCondensed-Bold", "DejaVuSans-Bold", "DejaVuSansMono-Bold",
    "LiberationSerif-Bold", "URWGothic-Demi", "C059-Bold",
)  # fmt: skip
"""Names of font files that are looked for: even strokes mostly, as on plates."""

TALL = 96
"""Pixels in which a sign is drawn once, to be scaled to each plate."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """Signs from a font file, or from a pen of ours."""

    file: Path | None = None
    pen: Pen | None = None

    def ink(self, sign: str, width: int, height: int) -> NDArray[np.uint8]:
        """The ink of one sign, (height, width) 0..255, filling that size."""
        if self.pen is not None:
            return glyph(self.pen, sign, width, height)
        drawn = _drawn(str(self.file), sign)
        how = cv2.INTER_AREA if height < drawn.shape[0] else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(drawn, (width, height), interpolation=how), np.uint8)

    def ratio(self, sign: str) -> float:
        """Width over height of one sign as the typeface has it."""
        if self.pen is not None:
            return _RATIO.get(sign, 0.55)
        drawn = _drawn(str(self.file), sign)
        return float(drawn.shape[1] / drawn.shape[0])


_RATIO = {"1": 0.34, "I": 0.16, "M": 0.68, "W": 0.72, "J": 0.48, "L": 0.48}
"""Of the drawn alphabets, where it differs."""


@lru_cache(maxsize=1)
def installed() -> tuple[Path, ...]:
    """The font files of `FILES` that are here, DejaVu at least, in the order of their names."""
    wanted = set(FILES)
    found = {one.stem: one for one in sorted(FOLDER.rglob("*.[ot]tf")) if one.stem in wanted}
    return tuple(found[name] for name in sorted(found)) or (font_file("sans"), font_file("mono"))


def draw_typeface(rng: np.random.Generator) -> Typeface:
    """A typeface for one plate."""
    if rng.random() < 0.45:
        return Typeface(pen=draw_pen(rng))
    files = installed()
    return Typeface(file=files[rng.integers(len(files))])


@lru_cache(maxsize=len(FILES) * len(SIGNS))
def _drawn(file: str, sign: str) -> NDArray[np.uint8]:
    face = ImageFont.truetype(file, round(TALL * 1.4))
    left, top, right, bottom = face.getbbox(sign)
    sheet = Pil.new("L", (max(int(right - left), 1) + 4, max(int(bottom - top), 1) + 4))
    ImageDraw.Draw(sheet).text((2 - left, 2 - top), sign, font=face, fill=255)
    return np.asarray(sheet.crop(sheet.getbbox()), dtype=np.uint8)
