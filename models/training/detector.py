"""Training of the plate detector: one class, from scratch, on a processor without GPU."""

import contextlib
import csv
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.base import ModelError
from models.frameworks import has_bf16, load_ultralytics, usable_cores
from models.runtime import sha256_of
from models.training.dataset import DetectorDataset, build_dataset
from models.training.negatives import ERASED, RENDERED_BARE
from models.training.recipes import Recipe
from models.training.relabel import Relabel
from models.training.scene import PLANTED
from models.training.start import trainable_from_onnx
from models.training.variants import CLOSE_UP

if TYPE_CHECKING:
    import torch

CLASS_NAME = "plate"

RANDOM = "random weights"
"""What a training began with that went on from nothing."""

CHECKPOINT = "checkpoint.pt"
"""In the folder of a run: what it is resumed from."""


@dataclass(frozen=True, slots=True)
class TrainedDetector:
    """What a training leaves behind: the best checkpoint, the last one, and how they came."""

    checkpoint: Path
    last: Path
    recipe: Recipe
    epochs: int
    seconds: float
    pictures: dict[str, int]
    start: str = RANDOM


def train_detector(
    *,
    tables: Sequence[Path],
    run: Path,
    images: Path | None = None,
    recipe: Recipe | None = None,
    resume: bool = False,
) -> TrainedDetector:
    """Train a detector on the tables' pictures; everything it writes lies in the folder `run`.

    `images` is the folder that the tables' paths start at (by default `images` beside their
    folder). `resume` goes on with an interrupted training of the same folder, with its recipe.
    Progress goes to stderr. Raises `ModelError` where the training extra is missing, the run
    exists already, or there is nothing to resume.
    """
    _check_state(run, resume=resume)
    with contextlib.redirect_stdout(sys.stderr):
        ultralytics = load_ultralytics(run / "settings")
        if resume:
            recipe = _recorded_recipe(run)
        else:
            recipe = recipe or Recipe()
            _prepare(run, recipe, tables, images)
        _fit(ultralytics, run, recipe, resume=resume)
        (run / "finished").touch()
        return trained_detector(run)


def _check_state(run: Path, *, resume: bool) -> None:
    if not resume and (run / "recipe.json").exists():
        raise ModelError(f"{run}: a training is here already; resume it, or name another folder")
    if resume and (run / "finished").exists():
        raise ModelError(f"{run}: the training here is finished, nothing to resume")
    if resume and not (run / CHECKPOINT).exists():
        raise ModelError(f"{run}: no {CHECKPOINT} here to resume from")


def _prepare(run: Path, recipe: Recipe, tables: Sequence[Path], images: Path | None) -> None:
    relabel = Relabel(Path(recipe.start) if recipe.start else None) if recipe.relabel else None
    dataset = build_dataset(
        tables=tables,
        folder=run / "dataset",
        images=images,
        rendered=recipe.rendered,
        rendered_val=recipe.rendered_val,
        variants=_variants(recipe),
        relabel=relabel.each if relabel else iter,
        seed=recipe.seed,
    )
    _tell(dataset)
    if relabel:
        print(f"annotations: {relabel.changes}", file=sys.stderr)
    counts = {f"{split}/{source}": n for (split, source), n in sorted(dataset.pictures.items())}
    (run / "pictures.json").write_text(json.dumps(counts, indent=1), encoding="utf-8")
    places = {
        "tables": [str(table.resolve()) for table in tables],
        "images": str(images.resolve()) if images else None,
        # The file may be overwritten by what comes of this training.
        "start": f"weights of SHA-256 {sha256_of(Path(recipe.start))}" if recipe.start else None,
    }
    (run / "tables.json").write_text(json.dumps(places, indent=1), encoding="utf-8")
    (run / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1), encoding="utf-8")


def _variants(recipe: Recipe) -> dict[str, int]:
    wanted = {
        PLANTED: recipe.planted,
        CLOSE_UP: recipe.close_ups,
        ERASED: recipe.erased,
        RENDERED_BARE: recipe.bare,
    }
    return {kind: count for kind, count in wanted.items() if count}


def _tell(dataset: DetectorDataset) -> None:
    for (split, source), count in sorted(dataset.pictures.items()):
        print(f"{split} {source}: {count} pictures", file=sys.stderr)
    for reason, count in sorted(dataset.left_out.items()):
        print(f"left out, {reason}: {count} pictures", file=sys.stderr)


def _recorded_recipe(run: Path) -> Recipe:
    file = run / "recipe.json"
    try:
        return Recipe(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{file}: no readable recipe of a training ({error})") from error


def _fit(ultralytics: Any, run: Path, recipe: Recipe, *, resume: bool) -> None:
    import torch

    for handler in ultralytics.utils.LOGGER.handlers:
        handler.setStream(sys.stderr)  # it took stdout when it was imported
    start = run / CHECKPOINT if resume else _start(run, recipe)
    model = ultralytics.YOLO(str(start), task="detect")
    # The trainer sets 0 workers on a processor: each batch would wait for its pictures.
    model.add_callback("on_pretrain_routine_start", lambda trainer: _set_workers(trainer, 1))
    # It also leaves one core out, and has done so by now.
    model.add_callback("on_train_start", lambda _: torch.set_num_threads(usable_cores()))
    model.add_callback("on_model_save", lambda trainer: _keep(trainer.last, run / CHECKPOINT))
    if recipe.bf16 and has_bf16():
        model.add_callback("on_train_start", lambda trainer: compute_in_bf16(trainer.model))
    options = {"data": str(run / "dataset/data.yaml"), "time": recipe.hours}
    if resume:
        model.train(resume=True, **options)
    else:
        model.train(**options, **_options(run, recipe))


def _start(run: Path, recipe: Recipe) -> Path | str:
    if recipe.start is None:
        return f"{recipe.model}.yaml"
    output = run / "start.pt"
    pictures = sorted((run / "dataset/images/train").iterdir())
    trainable_from_onnx(
        weights=Path(recipe.start),
        model=recipe.model,
        pictures=pictures,
        size=recipe.size,
        output=output,
    )
    return output


def _set_workers(trainer: Any, workers: int) -> None:
    trainer.args.workers = workers


def _keep(written: Path, checkpoint: Path) -> None:
    """The trainer overwrites its file in place: killed just then, it would leave nothing."""
    half = checkpoint.with_suffix(".half")
    shutil.copyfile(written, half)
    half.replace(checkpoint)


def _options(run: Path, recipe: Recipe) -> dict[str, object]:
    """The trainer's arguments. Pictures of plates bear a little turning, but no turning over."""
    return {
        "project": str(run.resolve()),
        "name": "training",
        "exist_ok": True,
        # True keeps the weights that it was started with; False would forget them in silence.
        "pretrained": recipe.start is not None,
        "epochs": recipe.epochs,
        "imgsz": recipe.size,
        "multi_scale": recipe.multi_scale,
        "batch": recipe.batch,
        # One optimiser step per batch: by default gradients of 64 pictures are collected,
        # which leaves too few steps to a short training.
        "nbs": recipe.batch,
        "optimizer": "AdamW",
        "lr0": recipe.learning_rate,
        "cos_lr": True,
        "warmup_epochs": 1.0,
        # The default, 0.1, is meant for SGD: under AdamW it throws the biases about, which a
        # network that goes on from good weights does not survive.
        "warmup_bias_lr": 0.0,
        "close_mosaic": recipe.plain_epochs,
        "degrees": 3.0,
        "shear": 2.0,
        "hsv_v": 0.5,
        "cache": "ram",
        "patience": 0,
        "seed": recipe.seed,
        "device": "cpu",
        "amp": False,
        "plots": True,
    }


def compute_in_bf16(model: Any) -> None:
    """Let the forward pass of a model under training run in bfloat16, channels last.

    2.7 times as fast as float32 on a processor with AVX512-BF16 (yolo26n, 416 px, batch 16:
    0.43 s instead of 1.14 s a step). Weights, loss and optimiser stay float32: box coordinates
    beyond 128 px cannot be told apart to a pixel in bfloat16. The trainer's own mixed precision
    is for GPUs only. Only the instance is changed, after its averaged copy was made, so
    checkpoints hold a plain model.
    """
    import torch

    plain = model.predict

    def predict(pictures: "torch.Tensor", *args: object, **keywords: object) -> object:
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answer = plain(pictures, *args, **keywords)
        return _as_float32(answer, torch.is_tensor)

    model.to(memory_format=torch.channels_last)
    model.predict = predict


def _as_float32(answer: Any, is_tensor: Callable[[object], bool]) -> Any:
    if is_tensor(answer):
        return answer.float()
    if isinstance(answer, dict):
        return {key: _as_float32(value, is_tensor) for key, value in answer.items()}
    return type(answer)(_as_float32(value, is_tensor) for value in answer)


def trained_detector(run: Path) -> TrainedDetector:
    """What the training in the folder `run` left behind so far."""
    recipe = _recorded_recipe(run)
    epochs, seconds = _epochs_and_seconds(run / "training/results.csv")
    pictures = json.loads((run / "pictures.json").read_text(encoding="utf-8"))
    places = json.loads((run / "tables.json").read_text(encoding="utf-8"))
    best, last = (run / f"training/weights/{name}.pt" for name in ("best", "last"))
    start = places.get("start") or RANDOM
    return TrainedDetector(best, last, recipe, epochs, seconds, pictures, start)


def _epochs_and_seconds(results: Path) -> tuple[int, float]:
    """From the trainer's table, whose clock starts anew where a training was resumed."""
    with results.open(encoding="utf-8", newline="") as file:
        clock = [float(row["time"]) for row in csv.DictReader(file)]
    ends = [t for t, later in pairwise([*clock, 0.0]) if later < t]
    return len(clock), sum(ends)
