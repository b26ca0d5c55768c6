"""The default reader: PP-OCRv6 small, the network that rapidocr's wheel carries, without rapidocr.

Only the weights are taken from the wheel: rapidocr itself gives no probabilities per character
that upper and lower case share, and pads every crop to twice its width. The network is by
PaddleOCR (Baidu), Apache-2.0.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from models.base import Image, ModelError, Reading
from models.readers.beam import decode_row
from models.readers.calibration import Calibration
from models.readers.crops import as_crop, read_legible
from models.readers.decode import Alphabet, Line
from models.readers.reading import read_plates, rows_given
from models.readers.rows import ROW_HEIGHT
from models.runtime import Blob, Session

RECOGNISER = "PP-OCRv6_rec_small.onnx"

CALIBRATION = Calibration(
    bias=-0.47,
    weights={"posterior": 0.72, "weakest": 2.22, "fits": 1.09, "long": 0.37},
    strength=0.7,
)
"""Of the bundled network. Fitted on 1,688 training crops of four sources, cut by their annotated
boxes; on 696 validation crops of six sources, of which it reads 91 % right, the expected
calibration error is 0.02."""

BATCH = 8
"""Rows at once. More gains nothing on a processor and takes memory: 3 MB a row."""


class RapidocrReader:
    """Reads plates of Latin letters and digits, in one or two rows; works without a network.

    `weights` is a text recogniser as PaddleOCR's are exported to ONNX: input (n, 3, 48, width),
    output a softmax (n, frames, classes) whose class 0 is the blank of CTC, and the characters
    of the other classes, one a line, in the metadata `character`; None takes the one in
    rapidocr's wheel. A character's confidence is the softmax probability of its sign, all cases
    and accents together, at its most certain frame.

    `calibration` is that of the bundled network (see `models.readers.informed`), None with other
    `weights`, of which nothing is known.

    Raises `ModelError` if the network is missing or of another kind; it is loaded here. One
    instance serves one thread.
    """

    def __init__(
        self, *, runtime: str = "onnxruntime", threads: int = 1, weights: Path | None = None
    ) -> None:
        model = Path(weights) if weights else bundled_recogniser()
        self.calibration = None if weights else CALIBRATION
        self._session = Session(model, runtime=runtime, threads=threads)
        self._alphabet = _alphabet_of(self._session)

    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """One reading per crop, in their order; crops of any size and kind (`crops.as_crop`)."""
        return read_legible(crops, self._read)

    def steps(self, crop: Image) -> list[tuple[str, Image]]:
        """What the network is given of one crop, as pictures with their names."""
        return [("row", row) for row in rows_given([as_crop(crop)], self._recognise)]

    def _read(self, crops: Sequence[Image]) -> list[Reading]:
        return read_plates(crops, self._recognise)

    def _recognise(self, rows: Sequence[Image]) -> list[Line]:
        lines: dict[int, Line] = {}
        for batch in batches([row.shape[1] for row in rows], BATCH):
            grouped = self._alphabet.group(self._session.run(to_blob([rows[n] for n in batch]))[0])
            lines.update(zip(batch, map(decode_row, grouped), strict=True))
        return [lines[n] for n in range(len(rows))]


def batches(widths: Sequence[int], size: int) -> list[list[int]]:
    """The indices of rows, those of one width together, at most `size` of them."""
    by_width: dict[int, list[int]] = {}
    for n, width in enumerate(widths):
        by_width.setdefault(width, []).append(n)
    return [
        same[start : start + size]
        for same in by_width.values()
        for start in range(0, len(same), size)
    ]


def to_blob(rows: Sequence[Image]) -> Blob:
    """Rows of one width as (n, 3, 48, width) float32 from -1 to 1, channels BGR."""
    stacked = np.stack(rows).transpose(0, 3, 1, 2).astype(np.float32)
    stacked *= 1 / 127.5
    stacked -= 1
    return np.ascontiguousarray(stacked)


def bundled_recogniser() -> Path:
    """The network in rapidocr's wheel, found without importing rapidocr, which takes a second."""
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("rapidocr is not installed: pip install 'rapidocr>=3.10,<4'")
    model = Path(spec.submodule_search_locations[0]) / "models" / RECOGNISER
    if not model.is_file():
        raise ModelError(f"{model}: not in this version of rapidocr; install 'rapidocr>=3.10,<4'")
    return model


def characters_of(session: Session) -> list[str]:
    """The characters of a recogniser's classes from 1 on, but for the last, the blank."""
    characters = session.metadata.get("character")
    if not characters:
        raise ModelError(f"{session.model}: no metadata 'character' with a character on each line")
    return characters.removesuffix("\n").split("\n")


def _alphabet_of(session: Session) -> Alphabet:
    image, output = session.inputs[0], session.outputs[0]
    if len(session.inputs) != 1 or image.shape != (None, 3, ROW_HEIGHT, None):
        found = ", ".join(map(str, session.inputs))
        raise ModelError(f"{session.model}: input {found}; expected rows [?,3,{ROW_HEIGHT},?]")
    # PaddleOCR adds the blank between words, which its list leaves out, as the last class.
    alphabet = Alphabet([*characters_of(session), " "])
    if len(output.shape) != 3 or output.shape[2] != alphabet.classes:
        raise ModelError(
            f"{session.model}: output {output}; expected [?,?,{alphabet.classes}] for its"
            f" {alphabet.classes - 2} characters"
        )
    return alphabet
