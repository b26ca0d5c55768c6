"""Training of the second look: where are the corners of this box, and is it a plate at all?

A small convolutional network on one window, trained from scratch in minutes. Each coordinate is
given with its scale, as the parameters of a Laplace distribution (Kendall and Gal, "What
Uncertainties Do We Need in Bayesian Deep Learning for Computer Vision?", 2017), so that
what uses the corners knows when not to.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.base import ModelError
from models.detectors.corners import SIZE, to_input
from models.frameworks import has_bf16, usable_cores
from models.training.corner_network import Batch, as_batch, corner_network, losses
from models.training.corner_samples import Piece, Sample, draw_sample, load_pieces, plain_sample
from models.training.dataset import render_scenes, scenes_of, without_val
from models.training.recipes import CornerRecipe
from models.training.scene import PLANTED
from models.training.voc import SPLITS

CHECKPOINT = "checkpoint.pt"
RECORD = "corners.json"

EVERY = 100
"""Steps between checkpoints and lines of progress."""


def train_corners(
    *, tables: Sequence[Path], run: Path, images: Path | None = None,
    recipe: CornerRecipe | None = None, resume: bool = False,
) -> Path:  # fmt: skip
    """Train on the tables' train pictures; the checkpoint that is returned lies in `run`.

    `resume` goes on from the run's checkpoint, with its recipe. Progress goes to stderr. Raises
    `ModelError` where the run exists already or there is nothing to resume.
    """
    recipe = _begin(run, recipe, resume)
    pieces = load_splits(tables, images, run, recipe)
    for split in SPLITS:
        if not any(one.plate for one in pieces[split]):
            raise ModelError(f"no {split} picture with a plate; both splits are needed")
    record = {"recipe": asdict(recipe), "pieces": _counts(pieces)}
    (run / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    return _Training(run, recipe, pieces["train"], pieces["val"]).go()


def _begin(run: Path, recipe: CornerRecipe | None, resume: bool) -> CornerRecipe:
    if resume:
        if not (run / CHECKPOINT).exists():
            raise ModelError(f"{run}: no {CHECKPOINT} here to resume from")
        return recorded(run)[0]
    # One that was killed before its first checkpoint left nothing to keep.
    if (run / CHECKPOINT).exists():
        raise ModelError(f"{run}: a training is here already; resume it, or name another folder")
    run.mkdir(parents=True, exist_ok=True)
    return recipe or CornerRecipe()


def recorded(run: Path) -> tuple[CornerRecipe, dict[str, int]]:
    """The recipe of the training in `run`, and how many pieces of each kind it learnt from."""
    file = run / RECORD
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return CornerRecipe(**record["recipe"]), record["pieces"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{file}: no readable record of a training ({error})") from error


def load_splits(
    tables: Sequence[Path],
    images: Path | None,
    folder: Path,
    recipe: CornerRecipe,
    splits: Sequence[str] = SPLITS,
) -> dict[str, list[Piece]]:
    """The pieces of the splits; rendered scenes are written below `folder`. Slow: it detects."""
    from models.detectors.yolo import YoloDetector

    weights = recipe.detector
    detect = YoloDetector(weights=weights, min_score=0.02, second_look=False).detect
    every = without_val(list(scenes_of(tables, images)))
    scenes = [one for one in every if one.split in splits]
    for split, count in zip(SPLITS, (recipe.rendered, recipe.rendered_val), strict=True):
        if split in splits:
            scenes += render_scenes(folder / "rendered" / split, split, count, recipe.seed)
    parts: dict[str, list[Piece]] = {split: [] for split in splits}
    for number, scene in enumerate(scenes, start=1):
        parts[scene.split] += load_pieces(scene, detect)
        if number % 500 == 0:
            print(f"looked at {number} of {len(scenes)} pictures", file=sys.stderr)
    return parts


def _counts(parts: dict[str, list[Piece]]) -> dict[str, int]:
    """By split and source, as the model card names them."""
    return dict(
        sorted(
            Counter(
                f"{split}/{one.source}" + ("" if one.plate else ", no plate")
                for split, pieces in parts.items()
                for one in pieces
            ).items()
        )
    )


class _Training:
    """The state of one training: network, optimiser, step, and the habits of those who drew."""

    def __init__(
        self, run: Path, recipe: CornerRecipe, train: list[Piece], val: list[Piece]
    ) -> None:
        import torch

        torch.manual_seed(recipe.seed)
        torch.set_num_threads(usable_cores())
        self._run, self._recipe, self._val = run, recipe, val
        self._plates = [one for one in train if one.plate]
        self._others = [one for one in train if not one.plate]
        self._sources = sorted({one.source for one in train} | {PLANTED})
        self._network = corner_network(recipe.width).to(memory_format=torch.channels_last)
        self._bf16 = has_bf16()
        # How far beside the true edge each source draws its boxes (left, top, right, bottom, in
        # shares of the box): learnt along, so that loose annotations do not loosen the corners.
        self._habits = torch.nn.Parameter(torch.zeros(len(self._sources), 4))
        self._averaged = torch.optim.swa_utils.AveragedModel(
            self._network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995),
            use_buffers=True,
        )  # fmt: skip
        groups = [
            {"params": list(self._network.parameters()), "lr": recipe.learning_rate},
            {"params": [self._habits], "lr": 0.002, "weight_decay": 0.0},
        ]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
        rates = [recipe.learning_rate, 0.002]
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, rates, total_steps=recipe.steps, pct_start=0.1
        )
        self._step, self._seconds = 0, 0.0
        self._restore()

    def go(self) -> Path:
        """Train to the end; returns the checkpoint."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self._draw, self._step)
            begun = time.monotonic()
            while self._step < self._recipe.steps:
                batch = coming.result()
                coming = pool.submit(self._draw, self._step + 1)
                parts = self._learn(batch)
                self._step += 1
                if self._step % EVERY == 0 or self._step == self._recipe.steps:
                    self._seconds += time.monotonic() - begun
                    begun = time.monotonic()
                    self._keep()
                    self._tell(parts)
        return self._run / CHECKPOINT

    def _draw(self, step: int) -> Batch:
        rng = np.random.default_rng([self._recipe.seed, step])
        count = self._recipe.batch
        negative = count // 4 if self._others else 0
        pieces = [self._plates[rng.integers(len(self._plates))] for _ in range(count - negative)]
        pieces += [self._others[rng.integers(len(self._others))] for _ in range(negative)]
        return as_batch([draw_sample(rng, piece) for piece in pieces], self._sources)

    def _learn(self, batch: Batch) -> dict[str, float]:
        import torch

        self._network.train()
        seen = batch.seen.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bf16):
            answers = self._network(seen).float()
        parts = losses(answers, batch, self._habits)
        self._optimiser.zero_grad(set_to_none=True)
        sum(parts.values()).backward()
        self._optimiser.step()
        self._schedule.step()
        self._averaged.update_parameters(self._network)
        return {name: float(value.detach()) for name, value in parts.items()}

    def _tell(self, parts: dict[str, float]) -> None:
        text = ", ".join(f"{name} {value:.4f}" for name, value in parts.items())
        left = self._seconds / self._step * (self._recipe.steps - self._step) / 60
        print(f"step {self._step}: {text}; {left:.0f} min left", file=sys.stderr)
        if self._step % (5 * EVERY) == 0 or self._step == self._recipe.steps:
            for line in self._validate():
                print(f"  {line}", file=sys.stderr)

    def _validate(self) -> list[str]:
        import torch

        self._averaged.eval()

        def answer(seen: NDArray[np.float32]) -> NDArray[np.float32]:
            with torch.no_grad():
                return np.asarray(self._averaged(torch.from_numpy(seen)).numpy())

        return report(answer, self._val)

    def _keep(self) -> None:
        import torch

        state = {
            "network": self._network.state_dict(),
            "averaged": self._averaged.state_dict(),
            "habits": self._habits.detach(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "step": self._step,
            "seconds": self._seconds,
            "sources": self._sources,
        }
        half = self._run / f"{CHECKPOINT}.half"
        torch.save(state, half)
        half.replace(self._run / CHECKPOINT)

    def _restore(self) -> None:
        import torch

        file = self._run / CHECKPOINT
        if not file.exists():
            return
        state = torch.load(file, weights_only=False)
        self._network.load_state_dict(state["network"])
        self._averaged.load_state_dict(state["averaged"])
        self._habits.data.copy_(state["habits"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._step, self._seconds = state["step"], state["seconds"]


def report(
    answer: Callable[[NDArray[np.float32]], NDArray[np.float32]], pieces: Sequence[Piece]
) -> list[str]:
    """Corner error and overlap by source, and how well plates are told from the rest.

    `answer` takes windows (n, 3, 64, 128) and gives (n, 17). Boxes are as annotated; a detector's
    are somewhat beside, which `evaluate detector` measures.
    """
    samples = [plain_sample(piece) for piece in pieces]
    windows = [to_input(one.seen) for one in samples]
    parts = [answer(np.stack(windows[n : n + 256])) for n in range(0, len(windows), 256)]
    answers = np.concatenate(parts)
    lines = []
    for source in sorted({one.source for one in samples if one.plate}):
        rows = [n for n, one in enumerate(samples) if one.source == source and one.plate]
        lines.append(f"{source}: {_accuracy(answers[rows], [samples[n] for n in rows])}")
    plates = np.array([one.plate for one in samples])
    kept, refused = (answers[plates, 16] > 0).mean(), (answers[~plates, 16] < 0).mean()
    return [*lines, f"plates kept {kept:.3f}, other things refused {refused:.3f}"]


def _accuracy(answers: NDArray[np.float32], samples: Sequence[Sample]) -> str:
    corners = answers[:, :8].reshape(-1, 4, 2)
    if np.isnan(samples[0].corners).any():
        truth = np.stack([one.box for one in samples])
        found = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        return f"{len(samples)} plates, median overlap {_overlap(found, truth):.3f}"
    exact = np.stack([one.corners for one in samples])
    high = np.linalg.norm((exact[:, 3] - exact[:, 0]) * SIZE, axis=1)
    away = np.linalg.norm((corners - exact) * SIZE, axis=2).mean(axis=1) / high
    return f"{len(samples)} plates, median corner error {np.median(away):.3f} heights"


def _overlap(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    sides = np.minimum(found[:, 2:], truth[:, 2:]) - np.maximum(found[:, :2], truth[:, :2])
    shared = sides.clip(min=0).prod(axis=1)
    areas = [(one[:, 2:] - one[:, :2]).prod(axis=1) for one in (found, truth)]
    return float(np.median(shared / (areas[0] + areas[1] - shared)))
