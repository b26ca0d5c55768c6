"""Tables of annotated pictures, and rendered scenes, as one data set in the layout of YOLO."""

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from models.training.scene import RENDERED, RENDERED_SIZE, Scene
from models.training.variants import varied_scenes
from models.training.voc import SPLITS, AnnotationError, read_tables

if TYPE_CHECKING:
    from pandas import DataFrame

CROP_SHARE = 0.8
"""A picture whose plate covers more than this is a crop of a plate and no scene."""

SAME_BITS = 8
"""Of a copy's perceptual hash so many of 64 may differ; plates and thumbnails must agree too."""


@dataclass(frozen=True, slots=True)
class DetectorDataset:
    """A data set on disk: `file` is what a training is pointed at.

    `pictures` counts by (split, source); `left_out` counts pictures by the reason why.
    """

    file: Path
    pictures: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def build_dataset(
    *,
    tables: Sequence[Path],
    folder: Path,
    images: Path | None = None,
    rendered: int = 0,
    rendered_val: int = 0,
    variants: Mapping[str, int] | None = None,
    relabel: Callable[[Iterable[Scene]], Iterable[Scene]] = iter,
    seed: int = 0,
) -> DetectorDataset:
    """Write `folder/{images,labels}/{train,val}` and `folder/data.yaml`.

    Pictures are copied, because ultralytics repairs damaged JPEGs in place. Crops of plates are
    left out, and so is a train picture that shows what a val picture shows, coded anew or not.
    `rendered` and `rendered_val` are numbers of drawn scenes to add, `variants` those of train
    pictures to repeat changed (see `models.training.variants`); `relabel` may change the boxes.
    """
    if folder.exists():
        shutil.rmtree(folder)
    dataset = DetectorDataset(folder / "data.yaml")
    scenes = without_val(list(scenes_of(tables, images, dataset.left_out)), dataset.left_out)
    used: list[Scene] = []
    for scene in relabel(scenes):
        name = f"{scene.source}__{scene.path.name}"
        shutil.copyfile(scene.path, _place(folder, "images", scene.split) / name)
        _write_label(folder, scene, name)
        dataset.pictures[scene.split, scene.source] += 1
        if scene.split == "train" and scene.boxes:
            used.append(scene)
    if variants:
        place = _place(folder, "images", "train")
        for scene in varied_scenes(place, used, variants, seed):
            _write_label(folder, scene, scene.path.name)
            dataset.pictures["train", scene.source] += 1
    for split, count in (("train", rendered), ("val", rendered_val)):
        for scene in render_scenes(_place(folder, "images", split), split, count, seed):
            _write_label(folder, scene, scene.path.name)
            dataset.pictures[split, RENDERED] += 1
    _check_and_describe(dataset)
    return dataset


def without_val(scenes: Sequence[Scene], left_out: Counter[str] | None = None) -> list[Scene]:
    """The scenes, val first, without train pictures that show what a val picture shows.

    Sources copy from each other: the same picture is in two of them, coded anew.
    """
    from models.training.duplicates import compare
    from models.training.labelled import Labelled, Plate
    from models.training.pictures import Picture

    # Validation first: its pictures decide what the training must not contain.
    ordered = sorted(scenes, key=lambda scene: scene.split != "val")
    files = [
        Labelled(
            Picture(str(number), scene.path, scene.size),
            of_stored=False,
            plates=[Plate((round(a), round(b), round(c), round(d))) for a, b, c, d in scene.boxes],
        )
        for number, scene in enumerate(ordered)
    ]
    found = compare(files, SAME_BITS).duplicates
    copies = {
        int(one.removed)
        for one in found
        if ordered[int(one.removed)].split == "train" and ordered[int(one.kept)].split == "val"
    }
    if left_out is not None and copies:
        left_out["train picture that is also a val picture"] += len(copies)
    return [scene for number, scene in enumerate(ordered) if number not in copies]


def scenes_of(
    tables: Sequence[Path], images: Path | None = None, left_out: Counter[str] | None = None
) -> Iterator[Scene]:
    """The whole-scene pictures of the tables; crops of plates are counted in `left_out`.

    `images` is the folder that the tables' paths start at; by default the folder `images`
    beside the folder of each table. Raises `AnnotationError` for a picture that is missing or
    is in both splits.
    """
    split_of: dict[Path, str] = {}
    for table_file in tables:
        root = images or table_file.parent.parent / "images"
        for scene in _scenes_of_table(read_tables(table_file), root):
            known = split_of.setdefault(scene.path.resolve(), scene.split)
            if known != scene.split:
                raise AnnotationError(f"{table_file}: {scene.path} is in train and in val")
            if _is_crop(scene):
                if left_out is not None:
                    left_out["crop of a plate"] += 1
                continue
            if not scene.path.is_file():
                raise AnnotationError(f"{table_file}: picture {scene.path} is missing")
            yield scene


def _scenes_of_table(table: "DataFrame", root: Path) -> Iterator[Scene]:
    for image, plates in table.groupby("image", sort=False):
        first = plates.iloc[0]
        boxes = plates[["xmin", "ymin", "xmax", "ymax"]].to_numpy(float).tolist()
        size = (int(first["width"]), int(first["height"]))
        drawn = tuple((x1, y1, x2, y2) for x1, y1, x2, y2 in boxes)
        yield Scene(root / str(image), str(first["source"]), str(first["split"]), size, drawn)


def _is_crop(scene: Scene) -> bool:
    area = scene.size[0] * scene.size[1]
    return any((x2 - x1) * (y2 - y1) > CROP_SHARE * area for x1, y1, x2, y2 in scene.boxes)


def render_scenes(folder: Path, split: str, count: int, seed: int) -> list[Scene]:
    """`count` drawn scenes as JPEG in `folder`; the same seed and split give the same ones."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = []
    for number in range(count):
        scenes.append(_render(folder, split, seed, number))
        if (number + 1) % 100 == 0:
            print(f"rendered {number + 1} of {count} {split} scenes", file=sys.stderr)
    return scenes


def _render(folder: Path, split: str, seed: int, number: int) -> Scene:
    import cv2
    import numpy as np

    from models.training.synthesis import render_scene

    rng = np.random.default_rng([seed, SPLITS.index(split), number])
    scene = render_scene(rng, RENDERED_SIZE)
    path = folder / f"{RENDERED}__{split}{number:05d}.jpg"
    cv2.imwrite(str(path), scene.image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    boxes = tuple(plate.box for plate in scene.plates)
    corners = tuple(plate.corners for plate in scene.plates)
    return Scene(path, RENDERED, split, RENDERED_SIZE, boxes, corners)


def _place(folder: Path, kind: str, split: str) -> Path:
    place = folder / kind / split
    place.mkdir(parents=True, exist_ok=True)
    return place


def _write_label(folder: Path, scene: Scene, name: str) -> None:
    """One line `class centre-x centre-y width height` per plate, in shares of the picture."""
    width, height = scene.size
    lines = [
        f"0 {(x1 + x2) / 2 / width:.6f} {(y1 + y2) / 2 / height:.6f} "
        f"{(x2 - x1) / width:.6f} {(y2 - y1) / height:.6f}\n"
        for x1, y1, x2, y2 in scene.boxes
    ]
    label = _place(folder, "labels", scene.split) / f"{Path(name).stem}.txt"
    if label.exists():
        raise AnnotationError(f"{scene.path}: a second picture of source {scene.source} named so")
    label.write_text("".join(lines), encoding="utf-8")


def _check_and_describe(dataset: DetectorDataset) -> None:
    for split in SPLITS:
        if not any(kind == split for kind, _ in dataset.pictures):
            raise AnnotationError(f"{dataset.file.parent}: no {split} picture; both are needed")
    folder = dataset.file.parent.resolve()
    dataset.file.write_text(
        f"path: {folder}\ntrain: images/train\nval: images/val\nnames:\n  0: plate\n",
        encoding="utf-8",
    )
