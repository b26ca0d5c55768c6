"""How exactly three kinds of network find the corners of a plate, after equal time to learn.

    python benchmarks/corner_heads.py [--minutes 8] [--heads pose,obb] [--scenes 1200] [--run DIR]

A pose head (four key points) and a head of oriented boxes in the detector's own network, started
from the bundled detector and trained on rendered scenes for so many minutes each, against the
second look that ships. All are measured on the same rendered val scenes: the mean distance of
the four corners from the truth, in heights of the plate, of the plates that are found. A training,
not a unit test: it takes as long as it is given, and both cores.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.base import Corners
from models.detectors.yolo import BUNDLED, YoloDetector
from models.frameworks import has_bf16, load_ultralytics, usable_cores
from models.training.dataset import Scene, render_scenes
from models.training.detector import compute_in_bf16
from models.training.scores import iou_matrix
from models.training.start import trainable_from_onnx

NETWORKS = {"pose": "yolo26n-pose", "obb": "yolo26n-obb"}
SIZE = 416


def write_set(folder: Path, head: str, scenes: int) -> list[Scene]:
    """A data set of rendered scenes for that head; returns its val scenes."""
    val: list[Scene] = []
    for split, count in (("train", scenes), ("val", 150)):
        found = render_scenes(folder / "images" / split, split, count, seed=1)
        labels = folder / "labels" / split
        labels.mkdir(parents=True, exist_ok=True)
        for scene in found:
            text = "".join(_label(head, scene, n) for n in range(len(scene.boxes)))
            (labels / f"{scene.path.stem}.txt").write_text(text, encoding="utf-8")
        val = found
    extra = "kpt_shape: [4, 3]\nflip_idx: [1, 0, 3, 2]\n" if head == "pose" else ""
    (folder / "data.yaml").write_text(
        f"path: {folder.resolve()}\ntrain: images/train\nval: images/val\n"
        f"names:\n  0: plate\n{extra}",
        encoding="utf-8",
    )
    return val


def _label(head: str, scene: Scene, number: int) -> str:
    corners = np.array(scene.corners[number]) / scene.size
    if head == "obb":
        return "0 " + " ".join(f"{v:.6f}" for v in corners.ravel()) + "\n"
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = [*(low + high) / 2, *(high - low)]
    points = [f"{x:.6f} {y:.6f} 2" for x, y in corners]
    return "0 " + " ".join(f"{v:.6f}" for v in box) + " " + " ".join(points) + "\n"


def train(run: Path, head: str, minutes: float, pictures: list[Path]) -> Any:
    """The network with that head after so many minutes, its backbone from the bundled weights."""
    import torch

    ultralytics = load_ultralytics(run / "settings")
    start = run / "start.pt"
    trainable_from_onnx(
        weights=BUNDLED, model="yolo26n", pictures=pictures, size=SIZE, output=start
    )
    model = ultralytics.YOLO(f"{NETWORKS[head]}.yaml", task=head).load(str(start))
    model.add_callback("on_pretrain_routine_start", lambda one: setattr(one.args, "workers", 1))
    model.add_callback("on_train_start", lambda _: torch.set_num_threads(usable_cores()))
    if has_bf16():
        model.add_callback("on_train_start", lambda one: compute_in_bf16(one.model))
    model.train(
        data=str(run / head / "data.yaml"), project=str(run.resolve()), name=f"{head}-training",
        exist_ok=True, imgsz=SIZE, batch=16, nbs=16, time=minutes / 60, epochs=100,
        optimizer="AdamW", lr0=0.001, cos_lr=True, warmup_epochs=0.5, warmup_bias_lr=0.0,
        close_mosaic=1, fliplr=0.0, val=False, plots=False, cache="ram", device="cpu", amp=False,
        seed=0,
    )  # fmt: skip
    return ultralytics.YOLO(str(run / f"{head}-training/weights/last.pt"))


def corners_of(model: Any, head: str, scene: Scene) -> list[Corners]:
    """What the network finds in a scene, as corners from the top left clockwise."""
    answer = model.predict(str(scene.path), imgsz=SIZE, conf=0.25, verbose=False)[0]
    if head == "pose":
        quads = answer.keypoints.xy.numpy() if answer.keypoints is not None else []
        return [_quad(one) for one in quads]
    return [_quad(_in_order(one)) for one in answer.obb.xyxyxyxy.numpy()]


def _in_order(quad: Any) -> Any:
    """From the top left clockwise: an oriented box does not say which corner is which."""
    around = np.arctan2(*(quad - quad.mean(axis=0)).T[::-1])
    turned = quad[np.argsort(around)]
    return np.roll(turned, -int(turned.sum(axis=1).argmin()), axis=0)


def _quad(points: Any) -> Corners:
    a, b, c, d = ((float(x), float(y)) for x, y in points)
    return a, b, c, d


def errors(found: list[list[Corners]], scenes: list[Scene]) -> list[float]:
    """Mean corner distance in plate heights, of every plate that is found (overlap 0.3)."""
    away = []
    for quads, scene in zip(found, scenes, strict=True):
        if not quads or not scene.boxes:
            continue
        points = np.array(quads)
        boxes = [(*map(float, p.min(axis=0)), *map(float, p.max(axis=0))) for p in points]
        overlaps = iou_matrix(scene.boxes, boxes)  # type: ignore[arg-type]
        for row, corners in zip(overlaps, scene.corners, strict=True):
            if row.max() >= 0.3:
                truth = np.array(corners)
                high = np.hypot(*(truth[3] - truth[0]))
                off = np.linalg.norm(points[int(row.argmax())] - truth, axis=1)
                away.append(float(off.mean() / high))
    return away


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--heads", default="pose,obb")
    parser.add_argument("--scenes", type=int, default=1200)
    parser.add_argument("--run", type=Path, default=Path("runs/corner-heads"))
    options = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    scenes: list[Scene] = []
    plates = 0
    for head in options.heads.split(","):
        scenes = write_set(options.run / head, head, options.scenes)
        plates = sum(len(scene.boxes) for scene in scenes)
        pictures = sorted((options.run / head / "images/train").iterdir())
        model = train(options.run, head, options.minutes, pictures)
        figures[head] = _figures(errors([corners_of(model, head, s) for s in scenes], scenes))
    detector = YoloDetector(second_look=True)
    found = []
    for scene in scenes:
        seen = detector.detect(np.asarray(cv2.imread(str(scene.path)), np.uint8))
        found.append([one.corners for one in seen if one.corners is not None])
    figures["second look"] = _figures(errors(found, scenes))
    print(json.dumps({"plates": plates, "minutes": options.minutes, **figures}, indent=1))
    return 0


def _figures(away: list[float]) -> dict[str, float]:
    low, high = np.percentile(away, [50, 90]) if away else (np.nan, np.nan)
    return {"found": len(away), "median": round(float(low), 4), "90 %": round(float(high), 4)}


if __name__ == "__main__":
    sys.exit(main())
