"""Tesseract as the reader, through pytesseract: for comparison, and where it is there already.

Needs the extra `tesseract` and the program itself (Debian's package `tesseract-ocr`). The rows of
a crop are found and cut out by our own code, as for the reader `rapidocr`; Tesseract is given
those of all crops of a call in one list, for starting it takes longer than reading a row: on one
core 0.8 s for a row alone and 0.06 s for one of 45, both beside other work.

It is not told to read A-Z and 0-9 only: what it reads is folded to these by us. Its own list of
allowed characters spoils its confidences: of 436 rows of train crops, it then gave 0 to most,
right or wrong, and the area under the curve of the mean confidence for "the row is right" was
0.51; without the list it is 0.89, and no fewer rows are right (77 of 218, with it 74).
"""

import os
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import cv2
from annotated_types import Ge, Gt, Le

from models.base import Image, ModelError, Reading
from models.readers.crops import as_crop, read_legible
from models.readers.decode import Line, fold
from models.readers.reading import read_plates, rows_given

INSTALL = "apt install tesseract-ocr, or give its path as binary"

OVERSURE = 8
"""What Tesseract calls 0.99, 0.96 and 0.92 was right in 0.97, 0.67 and 0.60 of 857 characters:
this power of it is nearer, 0.92, 0.72 and 0.51."""

HOCR = "{http://www.w3.org/1999/xhtml}"


class TesseractReader:
    """Reads plates with Tesseract, row by row.

    `language` names its data, such as `eng`, or `eng+deu`; `psm` how it takes a picture apart (7:
    one line of text); `binary` is the program's path, None the `tesseract` of the PATH. A call
    that takes longer than `timeout_s` is given up. A character's confidence is Tesseract's own for
    that character (`x_conf` of its hOCR output), to the power of `OVERSURE`.

    Raises `ModelError` if pytesseract, the program or the language is missing, and when reading
    if Tesseract fails or takes too long. One instance serves one thread, and all in a process
    use one program, the last one that was given.
    """

    def __init__(
        self,
        *,
        language: str = "eng",
        psm: Annotated[int, Ge(3), Le(13)] = 7,
        binary: str | None = None,
        timeout_s: Annotated[float, Gt(0)] = 30.0,
    ) -> None:
        if find_spec("pytesseract") is None:
            raise ModelError(
                "pytesseract is not installed here: pip install 'plate-streamer[tesseract]'"
            )
        program = shutil.which(os.path.expanduser(binary or "tesseract"))
        if program is None:
            raise ModelError(f"{binary or 'tesseract'}: no such program: {INSTALL}")
        self._program, self._language = program, language
        self._config = f"--psm {psm} -c hocr_char_boxes=1"
        self._timeout_s = timeout_s
        self._check_language()

    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """One reading per crop, in their order; crops of any size and kind (`crops.as_crop`)."""
        return read_legible(crops, self._read)

    def steps(self, crop: Image) -> list[tuple[str, Image]]:
        """What Tesseract is given of one crop, as pictures with their names."""
        return [("row", row) for row in rows_given([as_crop(crop)], self._recognise)]

    def _read(self, crops: Sequence[Image]) -> list[Reading]:
        return read_plates(crops, self._recognise)

    def _recognise(self, rows: Sequence[Image]) -> list[Line]:
        if not rows:
            return []
        with TemporaryDirectory(prefix="plate-rows-") as folder:
            pages = list(pages_of(self._run(_written(Path(folder), rows))))
        if len(pages) != len(rows):
            raise ModelError(f"{self._program}: {len(pages)} pages for {len(rows)} rows")
        return [line_of(page, row.shape[1]) for page, row in zip(pages, rows, strict=True)]

    def _run(self, pictures: Path) -> bytes:
        """The hOCR of all pictures in a list."""
        library = self._library()
        try:
            found: bytes = library.image_to_pdf_or_hocr(
                str(pictures),
                lang=self._language,
                config=self._config,
                extension="hocr",
                timeout=self._timeout_s,
            )
        # A RuntimeError is all that says that the time is up.
        except (OSError, RuntimeError) as error:
            raise ModelError(f"{self._program}: {_reason(error)}") from error
        return found

    def _check_language(self) -> None:
        try:
            known = self._library().get_languages()
        except (OSError, RuntimeError) as error:
            raise ModelError(f"{self._program}: {_reason(error)}") from error
        for one in self._language.split("+"):
            if one not in known:
                raise ModelError(
                    f"{self._program}: no language {one!r}; known: {', '.join(known) or 'none'}"
                    " (apt install tesseract-ocr-…)"
                )

    def _library(self) -> Any:
        import pytesseract

        module = pytesseract.pytesseract
        module.tesseract_cmd = self._program
        # The program would else take all cores for one row, and gain nothing. Only it may see this:
        # torch, in this process or in one that it starts, hangs or crashes under such a limit.
        module.environ = {"OMP_THREAD_LIMIT": "1", **os.environ}
        return pytesseract


def pages_of(hocr: bytes) -> Iterator[ET.Element]:
    """The pages of Tesseract's output, one a picture. Raises `ModelError` if it is none."""
    try:
        root = ET.fromstring(hocr)  # noqa: S314  (our own process wrote it)
    except ET.ParseError as error:
        raise ModelError(f"tesseract: its output is no hOCR ({error})") from error
    return (part for part in root.iter(f"{HOCR}div") if part.get("class") == "ocr_page")


def line_of(page: ET.Element, width: int) -> Line:
    """What a page of hOCR with boxes of characters says of a row `width` pixels wide."""
    text, confidences, centres = "", [], []
    for part in page.iter(f"{HOCR}span"):
        sign = fold((part.text or "").strip().upper())
        if part.get("class") != "ocrx_cinfo" or not sign:
            continue
        fields = dict(field.split(" ", 1) for field in part.get("title", "").split("; "))
        left, _, right, _ = map(float, fields["x_bboxes"].split())
        text += sign
        confidences.append(min(max(float(fields["x_conf"]) / 100, 0.0), 1.0) ** OVERSURE)
        centres.append(min(max((left + right) / 2 / width, 0.0), 1.0))
    return Line(text, tuple(confidences), tuple(centres))


def _written(folder: Path, rows: Sequence[Image]) -> Path:
    """The list of the pictures of rows that Tesseract is to read, one a line."""
    files = [folder / f"{number}.png" for number in range(len(rows))]
    for file, row in zip(files, rows, strict=True):
        if not cv2.imwrite(str(file), row):
            raise ModelError(f"{file}: cannot be written")
    pictures = folder / "rows.txt"
    pictures.write_text("".join(f"{file}\n" for file in files), encoding="utf-8")
    return pictures


def _reason(error: BaseException) -> str:
    """One line of what went wrong: Tesseract's last words come after its warnings."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines)[-300:] if lines else type(error).__name__
