"""Fit the vote's calibration: how probable is it that an elected plate is right?

    plate-streamer evaluate passages --record runs/looks.gz --seed 1000
    python benchmarks/vote_calibration.py runs/looks.gz --data data/annotations

Votes on the first looks of each track, on one more, and so on, are held against the truth: the
tracks of recorded films, these with misreadings put in, and tracks made of real plates, each
looked at several times as if it came nearer. Printed are the error of what is said, on folds of
films and plates held out, and the numbers for `streamer.voting.CALIBRATION`.
"""

import argparse
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from models.edits import distance
from models.readers.calibration import best_l2, expected_calibration_error, fit, held_out
from models.readers.formats import Formats
from streamer.app import default_config
from streamer.evaluation.noise import Noise, noisy
from streamer.evaluation.recorded import read
from streamer.one_camera import models_of
from streamer.stages.views import quality
from streamer.voting import Opinion, figures_of, vote

FORMATS = Formats()
TABLES = ("br_crops", "indian_asik", "kaggle_cars", "openlpr", "polish_put", "us_crops")
FURTHEST = 2
"""A track is about the plate that its looks are this near to, in characters."""
HEIGHTS = (0.45, 0.55, 0.65, 0.75, 0.85, 1.0, 1.0, 1.0)
"""Of a real plate's crop, one look after the other."""


def tracks_of(file, noise=None):
    """Opinions and plate of every track in a recording."""
    for number, film in enumerate(read(file)):
        looks = {}
        for item in (film if noise is None else noisy(film, noise, number)).items:
            for look in item.looks:
                looks.setdefault(look.track_id, []).append(look)
        for seen in looks.values():
            best = max(seen, key=lambda look: look.quality).reading.text
            plate = min((one.plate for one in film.truth), key=lambda p: distance(p, best))
            near = [look for look in seen if distance(look.reading.text, plate) <= FURTHEST]
            if 2 * len(near) >= len(seen):
                yield film.name, plate, [Opinion(one.reading, one.quality) for one in seen]


def real_tracks(tables):
    """The same of real plates: each crop read at growing heights, cut anew, coded anew."""
    from models.training.plate_crops import cut_with, load_plates

    reader = models_of(default_config("synthetic:")).reader
    for table in tables:
        for n, plate in enumerate(load_plates([table], cut=cut_with(0.06))):
            rng = np.random.default_rng([n, zlib.crc32(table.name.encode())])
            crops = list(_nearer(rng, plate.crop))
            readings = reader.read(crops)
            yield (
                f"{table.name} {n}",
                plate.truth,
                [
                    Opinion(reading, quality(crop, crop.shape[0] / 1.04, 0.8))
                    for reading, crop in zip(readings, crops, strict=True)
                ],
            )
        print(table, file=sys.stderr)


def _nearer(rng, crop) -> Iterator[np.ndarray]:
    height, width = crop.shape[:2]
    for share in HEIGHTS:
        cut = rng.uniform(0, 0.06, 4) * [height, height, height, height]
        y1, x1, y2, x2 = (round(v) for v in cut)
        part = crop[y1 : height - y2 or None, x1 : width - x2 or None]
        tall = max(round(part.shape[0] * share), 8)
        wide = max(round(part.shape[1] * share), 8)
        small = cv2.resize(part, (wide, tall), interpolation=cv2.INTER_AREA)
        noise = rng.normal(0, rng.uniform(0, 4), small.shape)
        noised = (small * rng.uniform(0.85, 1.1) + noise).clip(0, 255).astype(np.uint8)
        kind = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 95))]
        yield cv2.imdecode(cv2.imencode(".jpg", noised, kind)[1], cv2.IMREAD_COLOR)


def votes_of(tracks):
    """Figures, rightness and group of the votes on the beginnings of tracks."""
    for name, plate, opinions in tracks:
        counts = sorted({n for n in (1, 2, 3, 4, 6, 8, 12, 20) if n < len(opinions)})
        for count in [*counts, len(opinions)]:
            some = opinions[:count]
            elected = vote(some, FORMATS, calibration=None)
            if elected.text:
                yield figures_of(elected, some, FORMATS), elected.text == plate, name


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, help="folder of tables of real plates")
    parser.add_argument("--noise", type=float, default=0.04)
    options = parser.parse_args()
    tables = [options.data / f"{name}.csv" for name in TABLES] if options.data else []
    kinds = {
        "films": [t for f in options.recordings for t in tracks_of(f)],
        "films, misread": [
            t for f in options.recordings for t in tracks_of(f, Noise(options.noise))
        ],
        "real plates": list(real_tracks(tables)),
    }
    rows = [(kind, *row) for kind, tracks in kinds.items() for row in votes_of(tracks)]
    figures, right, groups = ([row[n] for row in rows] for n in (1, 2, 3))
    l2 = best_l2(figures, right, groups=groups)
    said = held_out(figures, right, l2, groups=groups)
    for kind in kinds:
        here = [n for n, row in enumerate(rows) if row[0] == kind]
        truth = np.array(right)[here]
        for bar in (0.0, 0.9, 0.97, 0.99):
            sure = said[here] >= bar
            print(
                f"{kind}: {sure.sum()} votes said to be right with {bar}: right "
                f"{truth[sure].mean():.4f}, said {said[here][sure].mean():.4f}; error "
                f"{expected_calibration_error(said[here][sure], truth[sure]):.4f}"
            )
    fitted = fit(figures, right, l2)
    print(f"l2 {l2}; bias={fitted.bias:.4f}", {k: round(v, 4) for k, v in fitted.weights.items()})


if __name__ == "__main__":
    main()
