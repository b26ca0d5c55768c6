"""How well readers read: runs them over plates whose text is known and gives all figures.

Crops are cut from annotated pictures by their boxes, or as the caller does it (`Material.cut`);
beside them stand pictures that show no whole plate, none of which should be believed. Nobody
has written down which crops are legible: all count, and beside them those of 16 rows or more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.base import Image, ModelError, Reader, Reading
from models.training.evaluate import told
from models.training.plate_crops import (
    Cut,
    NonPlate,
    Plate,
    load_plates,
    negatives_in,
    rendered_non_plates,
    windows_beside,
)
from models.training.reader_costs import HOW, RECOGNISER, RecogniserAlone, measure_costs
from models.training.reader_figures import ReaderEvaluation, evaluation_of
from models.training.reader_report import comparison_text, costs_text, evaluation_text
from models.training.reader_scores import Look

BATCH = 16


@dataclass(frozen=True, slots=True)
class Material:
    """What readers are held against; nothing is loaded before `load`.

    The plates with text of the `split` of `tables` (see `load_plates` for `images`, `cut`,
    `jitter`, `seed` and `limit`); `rendered` drawn non-plates, the same for the same seed;
    `windows` of each annotated picture beside its plates; pictures of the folder `negatives`,
    which must show no plate.
    """

    tables: Sequence[Path] = ()
    images: Path | None = None
    split: str = "val"
    cut: Cut | None = None
    jitter: float = 0.0
    rendered: int = 0
    windows: int = 0
    negatives: Path | None = None
    seed: int = 0
    limit: int = 0

    def load(self) -> tuple[list[Plate], list[NonPlate]]:
        """All of it. Raises `ModelError` for what is missing, and where no text is known."""
        others = list(negatives_in(self.negatives)) if self.negatives else []
        plates = load_plates(
            self.tables,
            images=self.images,
            split=self.split,
            cut=self.cut,
            jitter=self.jitter,
            seed=self.seed,
            limit=self.limit,
        )
        loaded = list(plates)
        others += windows_beside(self.tables, self.images, self.split, self.windows)
        return loaded, [*rendered_non_plates(self.rendered, self.seed), *others]


@dataclass(frozen=True, slots=True)
class Read:
    """What one reader made of plates: arrays of one length, in the order of the plates.

    A plate that was not found has an empty reading.
    """

    plates: tuple[Plate, ...]
    readings: tuple[Reading, ...]

    @property
    def truths(self) -> list[str]:
        """What stands on each plate."""
        return [plate.truth for plate in self.plates]

    @property
    def sources(self) -> list[str]:
        """Where each comes from."""
        return [plate.source for plate in self.plates]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Readers on the same plates: `evaluations`, `read` and `refused` by reader, as given.

    `refused` has what each made of the `non_plates`, in their order.
    `costs` are milliseconds of processor time per crop, by reader, and of PP-OCR's recogniser
    alone; empty where they were not measured.
    """

    evaluations: tuple[ReaderEvaluation, ...]
    read: tuple[Read, ...]
    non_plates: tuple[NonPlate, ...]
    refused: tuple[tuple[Reading, ...], ...]
    costs: Mapping[str, float]

    def table(self) -> str:
        """One reader: all its figures; several: side by side. What a crop costs below."""
        if len(self.evaluations) == 1:
            text = evaluation_text(self.evaluations[0])
        else:
            text = comparison_text(self.evaluations, self.costs)
        return f"{text}\n\n{costs_text(self.costs, HOW)}" if self.costs else text

    def to_json(self) -> dict[str, object]:
        """All figures, by reader."""
        return {
            "readers": [one.to_json() for one in self.evaluations],
            "cost_ms": dict(self.costs),
            "cost_how": HOW,
        }


def evaluate_readers(
    readers: Mapping[str, Reader],
    material: Material,
    *,
    min_confidence: float = 0.0,
    informed: bool = False,
    with_costs: bool = True,
) -> Comparison:
    """Hold readers against the same crops. A reading below `min_confidence` is not believed.

    `informed` says that the readers know formats (`InformedReader`), and were given that
    threshold: then a reading is believed that has no reason for doubt. Progress goes to stderr.
    Raises `ModelError` where there is nothing to evaluate.
    """
    plates, others = material.load()
    read = [read_material(reader, plates, name) for name, reader in readers.items()]
    shown = [other.crop for other in others]
    refused = [
        read_crops(reader, shown, f"non-plates read by {name}") for name, reader in readers.items()
    ]
    crops = [plate.crop for plate in plates if plate.crop is not None]
    costs: dict[str, float] = {}
    if with_costs:
        costs = measure_costs({**readers, RECOGNISER: RecogniserAlone()}, crops)
    least = 0.0 if informed else min_confidence
    evaluations = [
        replace(
            evaluation_of(
                name,
                looks_of(one, least),
                [(x.kind, reading) for x, reading in zip(others, some, strict=True)],
                least,
            ),
            cost_ms=costs.get(name),
            informed=informed,
            min_confidence=min_confidence,
        )
        for name, one, some in zip(readers, read, refused, strict=True)
    ]
    return Comparison(
        tuple(evaluations), tuple(read), tuple(others), tuple(map(tuple, refused)), costs
    )


def read_material(reader: Reader, plates: Sequence[Plate], name: str = "the reader") -> Read:
    """What a reader makes of plates; a plate that was not found is not shown to it."""
    crops = [plate.crop for plate in plates if plate.crop is not None]
    found = iter(read_crops(reader, crops, f"crops read by {name}"))
    readings = [Reading("", ()) if plate.crop is None else next(found) for plate in plates]
    return Read(tuple(plates), tuple(readings))


def looks_of(read: Read, min_confidence: float = 0.0) -> list[Look]:
    """Plates and readings in pairs, as figures take them."""
    pairs = zip(read.plates, read.readings, strict=True)
    return [Look(plate, reading, min_confidence) for plate, reading in pairs]


def read_crops(reader: Reader, crops: Sequence[Image], what: str) -> list[Reading]:
    """In batches, with progress on stderr. Raises `ModelError` for a reader that loses crops."""
    batches = [crops[start : start + BATCH] for start in range(0, len(crops), BATCH)]
    readings: list[Reading] = []
    for batch in told(batches, f"batches of {what}"):
        some = reader.read(batch)
        if len(some) != len(batch):
            raise ModelError(f"the reader gave {len(some)} readings of {len(batch)} crops")
        readings += some
    return readings


def write_json(comparison: Comparison, file: Path) -> None:
    """All figures for programs. Raises `ModelError` where the file cannot be written."""
    text = json.dumps(comparison.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{file}: cannot be written: {error.strerror}") from None
