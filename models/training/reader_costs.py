"""What reading a crop costs: processor time, readers in turns, one crop at a time."""

import time
from collections.abc import Mapping, Sequence
from statistics import median

from models.base import Image, Reader, Reading
from models.readers.rapidocr import bundled_recogniser, to_blob
from models.readers.rows import whole
from models.runtime import Session

ROUNDS = 7
CROPS = 60
HOW = f"median of {ROUNDS} rounds in turns, one crop at a time, one thread"

RECOGNISER = "PP-OCR recogniser"
"""The yardstick of a reader's cost: PP-OCR's network alone, one call for a crop."""


class RecogniserAlone:
    """PP-OCR's recogniser and nothing else: no search for rows, no text; for its cost only."""

    def __init__(self, *, runtime: str = "onnxruntime", threads: int = 1) -> None:
        self._session = Session(bundled_recogniser(), runtime=runtime, threads=threads)

    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """Empty readings: what the network gives is thrown away."""
        for crop in crops:
            self._session.run(to_blob([whole(crop)]))
        return [Reading("", ()) for _ in crops]


def measure_costs(
    readers: Mapping[str, Reader], crops: Sequence[Image], rounds: int = ROUNDS
) -> dict[str, float]:
    """Milliseconds of processor time per crop, by reader.

    The readers take turns, crop by crop, so that what else the machine does meets all alike;
    a round is one pass over the crops, and the median is that of the rounds. The time of all
    threads counts. At most CROPS of the crops are read, spread over all.
    """
    chosen = _spread([crop for crop in crops if crop.size], CROPS)
    if not chosen:
        return {}
    times: dict[str, list[float]] = {name: [] for name in readers}
    for number in range(rounds + 1):
        spent = dict.fromkeys(readers, 0.0)
        for crop in chosen:
            for name, reader in readers.items():
                start = time.process_time()
                reader.read([crop])
                spent[name] += time.process_time() - start
        for name, seconds in spent.items() if number else ():  # the first round warms up
            times[name].append(1000 * seconds / len(chosen))
    return {name: median(some) for name, some in times.items()}


def _spread(crops: Sequence[Image], most: int) -> list[Image]:
    step = max(1.0, len(crops) / most)
    return [crops[int(n * step)] for n in range(min(most, len(crops)))]
