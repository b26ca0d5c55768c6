"""What the numbers of `models.readers.knowledge.TWINS` rest on, counted on real plates.

    python benchmarks/twins.py --data data/annotations

Of the signs that PP-OCR and our reader see (before any formats) as one of a pair of twins: how
many are the other. Then how many plates PP-OCR reads right with formats, with 0.1 for all twins
and as the numbers are. Last, of votes on looks at real plates that elect the right one, the least
probable to be a plate at all (`LEAST_PLATE_LIKE` of `streamer.stages.ballot`).
"""

import argparse
from collections import Counter
from pathlib import Path

from vote_calibration import FORMATS, TABLES, real_tracks

from models.edits import align
from models.readers import knowledge
from models.readers.ctc import CtcReader
from models.readers.informed import InformedReader
from models.readers.rapidocr import RapidocrReader
from models.training.plate_crops import cut_with, load_plates
from models.training.tables import read_tables
from streamer.formats import as_seen
from streamer.voting import agrees, plate_like, vote

PAIRS = ("0O", "1I")
MARGIN = 0.06


class Remembered:
    """A reader's answers, to be decided on more than once."""

    def __init__(self, reader, crops):
        self._reader, self.readings = reader, reader.read(crops)

    def __getattr__(self, name):
        return getattr(self._reader, name)

    def read(self, _):
        return self.readings


def plates_of(tables, split):
    with_split = [one for one in tables if split in set(read_tables(one)["split"])]
    plates = (load_plates([one], cut=cut_with(MARGIN), split=split) for one in with_split)
    return [one for some in plates for one in some if one.truth and one.crop is not None]


def seen(readings, plates):
    """How often (truth, what was seen instead of it or as it) came, sign by sign."""
    found = Counter()
    for reading, plate in zip(readings, plates, strict=True):
        text = as_seen(reading).text
        if abs(len(text) - len(plate.truth)) <= 1:
            for a, b in align(plate.truth, text):
                if a is not None and b is not None:
                    found[plate.truth[a], text[b]] += 1
    return found


def tell_pairs(name, found):
    for pair in PAIRS:
        for one, other in (pair, pair[::-1]):
            both = found[one, one] + found[other, one]
            of = f"of which {found[other, one]} {other}"
            print(f"{name}: {both} {one} or {other} seen as {one}, {of}")


def right(reader, plates):
    readings = reader.read([one.crop for one in plates])
    return sum(one.text == plate.truth for one, plate in zip(readings, plates, strict=True))


def with_equal_twins():
    kept = {sign: dict(twins) for sign, twins in knowledge.TWINS.items()}
    for one, other in (*PAIRS, *(pair[::-1] for pair in PAIRS)):
        knowledge.TWINS[one][other] = 0.1
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of annotation tables")
    tables = [parser.parse_args().data / f"{name}.csv" for name in TABLES]
    plates = {split: plates_of(tables, split) for split in ("train", "val")}
    crops = {split: [one.crop for one in some] for split, some in plates.items()}
    ppocr = {split: Remembered(RapidocrReader(), crops[split]) for split in plates}
    both = Counter()
    for split, some in plates.items():
        both += seen(ppocr[split].readings, some)
    tell_pairs(f"PP-OCR, {sum(map(len, plates.values()))} crops", both)
    ours = CtcReader().read(crops["val"])
    tell_pairs(f"ours, {len(ours)} crops of val", seen(ours, plates["val"]))
    informed = {split: InformedReader(ppocr[split], FORMATS) for split in plates}
    now = {split: right(informed[split], some) for split, some in plates.items()}
    kept = with_equal_twins()
    equal = {split: right(informed[split], some) for split, some in plates.items()}
    for sign, twins in kept.items():
        knowledge.TWINS[sign].update(twins)
    for split, some in plates.items():
        print(f"PP-OCR, {split}: {now[split]} of {len(some)} right; 0.1 for all: {equal[split]}")
    least = [
        plate_like([one for one in opinions if agrees(truth, one.reading)])
        for _, truth, opinions in real_tracks(tables)
        if vote(opinions, FORMATS).text == truth
    ]
    print(f"{len(least)} real plates elected right; the least plate-like has {min(least):.2f}")


if __name__ == "__main__":
    main()
