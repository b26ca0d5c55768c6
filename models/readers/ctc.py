"""Our own reader: a whole plate's crop in, one row or two, its characters out.

One small network for the whole crop, as the detector gives it. It was trained to leave names of
states, slogans, stickers and frames alone, to say whether it sees a plate at all, and whether
all of it is there. How it was made and what it reads: its card beside the weights.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from models.base import Hypothesis, Image, ModelError, Reading
from models.download import locate
from models.readers.beam import beam_search
from models.readers.calibration import Calibration, calibration_from
from models.readers.crops import read_legible
from models.readers.decode import SIGNS, decode
from models.readers.plate_input import HEIGHT, WIDTH, to_input, upright
from models.readers.together import mean_reading, sureness
from models.runtime import Session

BUNDLED = Path(__file__).parents[1] / "weights" / "plate-reader.onnx"

CLASSES = len(SIGNS) + 1
"""The blank, then `SIGNS`."""

BATCH = 16
"""Crops at once. More gain nothing on a processor."""

AGAIN_BELOW = 0.9

TIGHTER, WIDER = 0.04, 0.05
"""Of a crop's sides, what is cut away or added around it for the other looks at it."""


class CtcReader:
    """Reads plates of Latin letters and digits, in one or two rows.

    `weights` is an ONNX file as `plate-streamer train export-reader` writes it, a path, a URL or
    a hub name; None takes the bundled one. Its input is (n, 3, 64, 160), its outputs are
    (n, places, 37), probabilities of the blank and `SIGNS` at the places of the upper row, from
    left to right, and then of the lower row; and (n, 2), the probabilities of a plate and of a
    whole one. `calibration` is that of the file's metadata, None if it has none.

    Where it is less sure of a crop than `again_below`, it looks again, a little more tightly and
    a little more widely, and takes the mean of the three: what it misreads is often misread in
    one of them only. 0 looks once.

    Raises `ModelError` if it cannot be used; it is loaded here. One instance serves one thread.
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        runtime: str = "onnxruntime",
        precision: str = "f32",
        threads: int = 1,
        again_below: Annotated[float, Ge(0), Le(1)] = AGAIN_BELOW,
    ) -> None:
        file = locate(weights, bundled=BUNDLED)
        self._session = Session(file, runtime=runtime, threads=threads, precision=precision)
        _check(self._session)
        text = self._session.metadata.get("calibration")
        self._again_below = again_below
        self.calibration: Calibration | None = calibration_from(text, str(file)) if text else None

    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """One reading per crop, in the order of the crops.

        Crops are BGR of any size, grey or with transparency; what is no picture is a
        `CropError`. Raises nothing else for what is in them.
        """
        return read_legible(crops, self._read)

    def _read(self, crops: Sequence[Image]) -> list[Reading]:
        readings = self._look(crops)
        doubtful = [
            n for n, one in enumerate(readings) if one.text and sureness(one) < self._again_below
        ]
        tighter = self._look([_tighter(crops[n]) for n in doubtful])
        wider = self._look([_wider(crops[n]) for n in doubtful])
        for n, *more in zip(doubtful, tighter, wider, strict=True):
            readings[n] = mean_reading([readings[n], *more])
        return readings

    def _look(self, crops: Sequence[Image]) -> list[Reading]:
        readings: list[Reading] = []
        for n in range(0, len(crops), BATCH):
            blob = np.stack([to_input(upright(crop)) for crop in crops[n : n + BATCH]])
            places, kinds = self._session.run(blob)
            readings += [reading_of(*one) for one in zip(places, kinds, strict=True)]
        return readings


def _tighter(crop: Image) -> Image:
    y, x = (round(TIGHTER * side) for side in crop.shape[:2])
    return crop[y : crop.shape[0] - y, x : crop.shape[1] - x]


def _wider(crop: Image) -> Image:
    """What is around the crop is not known here: its edges go on."""
    y, x = (round(WIDER * side) for side in crop.shape[:2])
    return np.asarray(cv2.copyMakeBorder(crop, y, y, x, x, cv2.BORDER_REPLICATE), np.uint8)


def reading_of(places: NDArray[np.float32], kind: NDArray[np.float32]) -> Reading:
    """What the network says of one crop, (places, 37) and (2,), as a reading."""
    hypotheses = beam_search(places)
    best = next((one for one in hypotheses if one.text), Hypothesis("", 0.0, ()))
    if not hypotheses or hypotheses[0].text == "":
        best = Hypothesis("", 0.0, ())
    return Reading(
        best.text,
        best.confidences,
        _rows(places, best.text),
        hypotheses,
        plate=float(kind[0]),
        whole=float(kind[1]),
    )


def _rows(places: NDArray[np.float32], text: str) -> tuple[str, ...]:
    """The text row by row: the upper half of the places is the upper row."""
    half = len(places) // 2
    upper = len(decode(places[:half]).text)
    # By length, for the two may differ from the best text in a doubtful character.
    lower = len(decode(places[half:]).text)
    if not text or upper == 0 or lower == 0 or upper + lower != len(text):
        return (text,) if text else ()
    return text[:upper], text[upper:]


def _check(session: Session) -> None:
    wanted = (3, HEIGHT, WIDTH)
    if len(session.inputs) != 1 or session.inputs[0].shape[1:] != wanted:
        found = ", ".join(map(str, session.inputs))
        raise ModelError(f"{session.model}: input {found}; expected crops [?,3,{HEIGHT},{WIDTH}]")
    shapes = [port.shape for port in session.outputs]
    if (
        len(shapes) != 2
        or len(shapes[0]) != 3
        or shapes[0][2] != CLASSES
        or len(shapes[1]) != 2
        or shapes[1][1] != 2
    ):
        found = ", ".join(map(str, session.outputs))
        raise ModelError(
            f"{session.model}: outputs {found}; expected places [?,?,{CLASSES}] and kind [?,2]"
        )
