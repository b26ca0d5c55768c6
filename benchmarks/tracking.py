"""How well trackers follow, and how fast: MOTA, IDF1 and HOTA on sequences in MOT's format.

    pip install --no-deps trackeval pycocotools tabulate
    python benchmarks/tracking.py SEQUENCE… [--rate 15]
    python benchmarks/tracking.py --simulate runs/mot

A SEQUENCE is a folder with `det/det.txt` and `gt/gt.txt` (or both in it) as the MOT Challenge
has them: frame, id, left, top, width, height, score, … Without one, sequences are simulated,
written in that format and read back: some twenty plates at a time that come nearer, cross,
hide one another and are missed now and then.

Every tracker is given the same detections. A box counts from a track's third hit on, as in SORT's
paper, while it is seen. The metrics are TrackEval's (Luiten et al., "HOTA", 2021; Bernardin and
Stiefelhagen 2008 for MOTA; Ristani et al. 2016 for IDF1). Speed is told as a ratio to plain
SORT's, measured by turns in the same run.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from plain_sort import PlainSort

from trackers.assign import iou
from trackers.sort import Sort

HITS = 3
TRACKERS = {
    "plain sort": PlainSort,
    "sort, filterpy": lambda: Sort(kalman="filterpy"),
    "sort": Sort,
}


def simulate(folder, seed, *, alive=20, seconds=20.0, rate=15.0):
    """Write one sequence: `alive` plates at a time before a camera of 1920x1080."""
    rng = np.random.default_rng(seed)
    truth, seen = [], []
    cars, given = [], 0
    for frame in range(1, int(seconds * rate) + 1):
        cars = [one for one in cars if frame < one["end"]]
        while len(cars) < alive:
            given += 1
            cars.append(_car(rng, given, frame, rate))
        boxes = np.array([_place(one, (frame - one["start"]) / rate) for one in cars])
        for one, box in zip(cars, boxes, strict=True):
            truth.append([frame, one["id"], *_corner(box), 1, 1, 1])
        nearer = np.argsort(-boxes[:, 3])
        for rank, n in enumerate(nearer):
            hidden = rank and iou(boxes[n : n + 1], boxes[nearer[:rank]]).max() > 0.4
            if hidden or rng.random() < 0.06 or frame < cars[n]["blind"]:
                continue
            if rng.random() < 0.01:
                cars[n]["blind"] = frame + int(0.4 * rate)
            size = boxes[n, 2] - boxes[n, 0]
            noisy = boxes[n] + rng.normal(0, 0.025, 4) * [size, size / 3, size, size / 3]
            seen.append([frame, -1, *_corner(noisy), rng.uniform(0.4, 1), -1, -1, -1])
        for _ in range(rng.poisson(0.4)):
            x, y, size = rng.uniform(0, 1800), rng.uniform(0, 1000), rng.uniform(30, 120)
            seen.append([frame, -1, x, y, size, size / 4, rng.uniform(0.2, 0.6), -1, -1, -1])
    for name, rows in (("gt", truth), ("det", seen)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        np.savetxt(folder / name / f"{name}.txt", np.array(rows), fmt="%.2f", delimiter=",")


def _car(rng, number, frame, rate):
    return {
        "id": number, "start": frame, "end": frame + int(rng.uniform(2, 9) * rate), "blind": 0,
        "at": rng.uniform([100, 150], [1700, 700]), "speed": rng.normal(0, [120, 60]),
        "turn": rng.normal(0, [25, 10]), "size": rng.uniform(40, 90), "growth": rng.uniform(0, 0.2),
    }  # fmt: skip


def _place(car, age_s):
    centre = car["at"] + car["speed"] * age_s + car["turn"] * age_s**2 / 2
    half = car["size"] * np.exp(car["growth"] * age_s) / 2 * np.array([1, 0.25])
    return np.concatenate([centre - half, centre + half])


def _corner(box):
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def read_mot(folder, name):
    """Per frame of `name`.txt: ids, boxes (n, 4) as x1, y1, x2, y2, scores."""
    file = next(
        (f for f in (folder / name / f"{name}.txt", folder / f"{name}.txt") if f.is_file()), None
    )
    if file is None:
        sys.exit(f"{folder}: no {name}/{name}.txt here; a sequence in MOT's format has one")
    try:
        rows = np.loadtxt(file, delimiter=",", ndmin=2)
    except ValueError as error:
        sys.exit(f"{file}: {error}")
    if rows.shape[1] < 7:
        sys.exit(f"{file}: {rows.shape[1]} columns; expected frame, id, x, y, w, h, score, …")
    if name == "gt":
        rows = rows[rows[:, 6] != 0]  # marked as not to be counted
    return {
        int(frame): (part[:, 1].astype(int), _boxes(part), part[:, 6])
        for frame in np.unique(rows[:, 0])
        for part in [rows[rows[:, 0] == frame]]
    }


def _boxes(rows):
    return np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)


NOTHING = (np.zeros(0, int), np.zeros((0, 4)), np.zeros(0))


def follow(make, seen, last, rate):
    """What a tracker says per frame, (ids, boxes), and the seconds it took."""
    tracker, said, spent = make(), [], 0.0
    for frame in range(1, last + 1):
        _, boxes, scores = seen.get(frame, NOTHING)
        begun = time.perf_counter()
        tracks = tracker.update(boxes, scores, frame / rate)
        spent += time.perf_counter() - begun
        sure = [
            one for one in tracks
            if one.detection is not None and (one.hits >= HITS or frame <= HITS)
        ]  # fmt: skip
        said.append(
            (np.array([one.id for one in sure], int),
             np.array([one.box for one in sure], float).reshape(-1, 4))
        )  # fmt: skip
    return said, spent


def score(truth, said):
    """HOTA, MOTA, IDF1 and switches by TrackEval's metrics."""
    from trackeval.metrics import CLEAR, HOTA, Identity

    frames = [truth.get(n + 1, NOTHING)[:2] for n in range(len(said))]
    data = {"num_timesteps": len(said), "similarity_scores": []}
    for key, parts in (("gt", frames), ("tracker", said)):
        known = {one: n for n, one in enumerate(sorted({i for ids, _ in parts for i in ids}))}
        data[f"{key}_ids"] = [np.array([known[i] for i in ids], int) for ids, _ in parts]
        data[f"num_{key}_ids"] = len(known)
        data[f"num_{key}_dets"] = sum(len(ids) for ids, _ in parts)
    for (_, real), (_, ours) in zip(frames, said, strict=True):
        data["similarity_scores"].append(iou(real, ours))
    quiet = {"PRINT_CONFIG": False}
    clear, identity = CLEAR(quiet).eval_sequence(data), Identity(quiet).eval_sequence(data)
    hota = HOTA().eval_sequence(data)
    return {
        "HOTA": float(np.mean(hota["HOTA"])), "MOTA": clear["MOTA"], "IDF1": identity["IDF1"],
        "switches": int(clear["IDSW"]), "missed": int(clear["CLR_FN"]),
        "false": int(clear["CLR_FP"]),
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sequences", nargs="*", type=Path, metavar="SEQUENCE")
    parser.add_argument("--rate", type=float, default=15.0, help="frames a second (default: 15)")
    parser.add_argument("--simulate", type=Path, metavar="FOLDER", default=Path("runs/mot"))
    parser.add_argument("--turns", type=int, default=5, help="timings by turns (default: 5)")
    options = parser.parse_args()
    folders = options.sequences
    if not folders:
        folders = [options.simulate / f"simulated-{seed}" for seed in range(4)]
        for seed, folder in enumerate(folders):
            simulate(folder, seed, rate=options.rate)
    totals = {name: {} for name in TRACKERS}
    spent = {name: [] for name in TRACKERS}
    frames = 0
    for folder in folders:
        truth, seen = read_mot(folder, "gt"), read_mot(folder, "det")
        last = max([*truth, *seen])
        frames += last
        for _ in range(options.turns):
            for name, make in TRACKERS.items():
                said, seconds = follow(make, seen, last, options.rate)
                spent[name].append(seconds / last)
        for name, make in TRACKERS.items():
            said, _ = follow(make, seen, last, options.rate)
            for key, value in score(truth, said).items():
                totals[name].setdefault(key, []).append(value)
        print(f"{folder}: {last} frames", file=sys.stderr)
    print(
        "| tracker | HOTA | MOTA | IDF1 | switches | missed | false | updates/s, plain sort = 1 |"
    )
    print("|---|---|---|---|---|---|---|---|")
    base = np.array(spent["plain sort"])
    for name, found in totals.items():
        ratio = np.median(base / np.array(spent[name]))
        shares = " | ".join(f"{np.mean(found[key]):.3f}" for key in ("HOTA", "MOTA", "IDF1"))
        counts = " | ".join(str(sum(found[key])) for key in ("switches", "missed", "false"))
        per_s = 1 / np.median(spent[name])
        print(f"| {name} | {shares} | {counts} | {ratio:.1f} ({per_s:.0f}/s) |")


if __name__ == "__main__":
    main()
