"""Training of the reader: a whole plate's crop in, its text out, learnt from scratch.

The loss is CTC's (Graves et al. 2006) over the places of `reader_network`, and a binary
cross-entropy for whether it is a plate and a whole one. The weights that count are an average
over the last steps (Polyak and Juditsky 1992, as an exponential moving average).
"""

import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.base import ModelError
from models.frameworks import has_bf16, usable_cores
from models.readers.decode import SIGNS
from models.readers.plate_input import to_input, upright
from models.training.reader_data import Batch, Batches, Crops, crop_of, load_crops, taught
from models.training.reader_network import PLACES, reader_network
from models.training.reader_views import Snippet
from models.training.recipes import ReaderRecipe

CHECKPOINT = "checkpoint.pt"
RECORD = "reader.json"

EVERY = 100
"""Steps between lines of progress and checkpoints; every fifth time val crops are read."""

WARM_UP = 0.04
"""Of the training, the learning rate rises."""


def train_reader(
    *, tables: Sequence[Path], run: Path, images: Path | None = None,
    recipe: ReaderRecipe | None = None, resume: bool = False,
) -> Path:  # fmt: skip
    """Train on the tables' train crops; the checkpoint that is returned lies in `run`.

    `resume` goes on from the run's checkpoint, with its recipe. Progress goes to stderr. Raises
    `ModelError` where the run exists already or there is nothing to resume.
    """
    recipe = _begin(run, recipe, resume)
    crops = load_crops(tables, images)
    more = taught(crops.untold) if recipe.taught else []
    record = {"recipe": asdict(recipe), "crops": _counts(crops, more)}
    (run / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    print(f"{record['crops']}", file=sys.stderr)
    return _Training(run, recipe, crops, more).go()


def _begin(run: Path, recipe: ReaderRecipe | None, resume: bool) -> ReaderRecipe:
    if resume:
        if not (run / CHECKPOINT).exists():
            raise ModelError(f"{run}: no {CHECKPOINT} here to resume from")
        return recorded(run)[0]
    if (run / CHECKPOINT).exists():
        raise ModelError(f"{run}: a training is here already; resume it, or name another folder")
    run.mkdir(parents=True, exist_ok=True)
    return recipe or ReaderRecipe()


def recorded(run: Path) -> tuple[ReaderRecipe, dict[str, int]]:
    """The recipe of the training in `run`, and how many crops of each source it learnt from."""
    file = run / RECORD
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return ReaderRecipe(**record["recipe"]), record["crops"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{file}: no readable record of a training ({error})") from error


def _counts(crops: Crops, more: Sequence[Snippet]) -> dict[str, int]:
    counted = Counter(f"train/{one.source}" for one in [*crops.train, *more])
    counted.update(f"val/{one.source}" for one in crops.val)
    return dict(sorted(counted.items()))


class _Training:
    """The state of one training: network, average, optimiser and step."""

    def __init__(
        self, run: Path, recipe: ReaderRecipe, crops: Crops, more: Sequence[Snippet]
    ) -> None:
        import torch

        torch.manual_seed(recipe.seed)
        torch.set_num_threads(usable_cores())
        self._run, self._recipe, self._val = run, recipe, crops.val
        self._batches = Batches(recipe, crops, more)
        self._network = reader_network(recipe.width).to(memory_format=torch.channels_last)
        self._averaged = torch.optim.swa_utils.AveragedModel(
            self._network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.997),
            use_buffers=True,
        )  # fmt: skip
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), lr=recipe.learning_rate, weight_decay=0.02
        )
        self._bf16 = has_bf16()
        self._step, self._seconds = 0, 0.0
        self._restore()

    def go(self) -> Path:
        """Train to the end; returns the checkpoint."""
        begun, sums = time.monotonic(), np.zeros(2)
        before = self._seconds
        for batch in self._coming():
            sums += self._learn(batch)
            self._step += 1
            self._seconds = before + time.monotonic() - begun
            if self._step % EVERY == 0 or self._progress >= 1:
                self._keep()
                self._tell(sums / EVERY)
                sums[:] = 0
            if self._progress >= 1:
                break
        return self._run / CHECKPOINT

    @property
    def _progress(self) -> float:
        if self._recipe.hours is not None:
            return self._seconds / (3600 * self._recipe.hours)
        return self._step / self._recipe.steps

    def _coming(self) -> Iterator[Batch]:
        """Batches from here on, made by a process beside this one."""
        import cv2
        from torch.utils.data import DataLoader

        # OpenCV's threads do not live on in a forked process, which would wait for them.
        cv2.setNumThreads(0)
        numbers = range(self._step, self._step + 10**6)
        return iter(DataLoader(self._batches, batch_size=None, sampler=numbers,
                               num_workers=1, prefetch_factor=4, collate_fn=_as_it_is))  # fmt: skip

    def _learn(self, batch: Batch) -> Any:
        import torch

        rate = self._recipe.learning_rate * _share(self._progress)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._network.train()
        seen = torch.from_numpy(batch.seen).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bf16):
            signs, kind = self._network(seen)
        text = _ctc(signs.float(), batch)
        other = torch.nn.functional.binary_cross_entropy_with_logits(
            kind.float(), torch.from_numpy(batch.kind)
        )
        self._optimiser.zero_grad(set_to_none=True)
        (text + other).backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 2.0)
        self._optimiser.step()
        self._averaged.update_parameters(self._network)
        return np.array([float(text.detach()), float(other.detach())])

    def _tell(self, losses: Any) -> None:
        left = self._seconds / max(self._progress, 1e-9) * (1 - self._progress) / 60
        print(f"step {self._step}: text {losses[0]:.3f}, kind {losses[1]:.3f};"
              f" {left:.0f} min left", file=sys.stderr, flush=True)  # fmt: skip
        if self._step % (5 * EVERY) == 0 or self._progress >= 1:
            print(f"  val {self._validate()}", file=sys.stderr, flush=True)

    def _validate(self) -> str:
        """Whole plates right by source, read greedily with the averaged weights."""
        import torch

        self._averaged.eval()
        right, count = Counter[str](), Counter[str]()
        for n in range(0, len(self._val), 128):
            part = self._val[n : n + 128]
            seen = np.stack([to_input(upright(crop_of(one))) for one in part])
            with torch.no_grad():
                signs, _ = self._averaged(torch.from_numpy(seen))
            for one, labels in zip(part, signs.argmax(-1).numpy(), strict=True):
                count[one.source] += 1
                right[one.source] += greedy(labels) == one.text
        shares = ", ".join(f"{name} {right[name] / count[name]:.3f}" for name in sorted(count))
        return f"{right.total() / max(count.total(), 1):.4f} ({shares})"

    def _keep(self) -> None:
        import torch

        state = {
            "network": self._network.state_dict(), "averaged": self._averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(), "step": self._step,
            "seconds": self._seconds,
        }  # fmt: skip
        half = self._run / f"{CHECKPOINT}.half"
        torch.save(state, half)
        half.replace(self._run / CHECKPOINT)

    def _restore(self) -> None:
        import torch

        here, start = self._run / CHECKPOINT, self._recipe.start
        if here.exists():
            state = torch.load(here, weights_only=True)
            self._optimiser.load_state_dict(state["optimiser"])
            self._network.load_state_dict(state["network"])
            self._averaged.load_state_dict(state["averaged"])
            self._step, self._seconds = state["step"], state["seconds"]
        elif start is not None:
            weights = weights_in(Path(start))
            self._network.load_state_dict(weights)
            self._averaged.module.load_state_dict(weights)


def weights_in(file: Path) -> dict[str, Any]:
    """The weights in an exported reader, by the names of `reader_network`.

    Raises `ModelError` where the file is none of ours.
    """
    import onnx
    import torch

    try:
        stored = onnx.load(str(file)).graph.initializer
    except Exception as error:  # onnx raises types of its own
        raise ModelError(f"{file}: no readable ONNX file to start from ({error})") from None
    found = {
        one.name.removeprefix("network."): torch.from_numpy(onnx.numpy_helper.to_array(one).copy())
        for one in stored
        if one.name.startswith("network.")
    }
    if not found:
        raise ModelError(f"{file}: none of our readers; export-reader writes such files")
    for name in [one for one in found if one.endswith("running_mean")]:
        found[name.replace("running_mean", "num_batches_tracked")] = torch.tensor(0)
    return found


def _share(progress: float) -> float:
    """Of the learning rate: up along a line, down along a cosine."""
    if progress < WARM_UP:
        return max(progress / WARM_UP, 0.01)
    return 0.5 * (1 + math.cos(math.pi * min((progress - WARM_UP) / (1 - WARM_UP), 1.0))) + 0.002


def _ctc(logits: Any, batch: Batch) -> Any:
    """CTC's loss, mean over the views whose text is told, per character."""
    import torch

    told = torch.from_numpy(batch.told)
    lengths = torch.from_numpy(batch.lengths)
    logs = logits[told].log_softmax(-1).transpose(0, 1)
    # Texts that are not told have length 0, so the row of all signs holds the told ones alone.
    lasting = torch.full((int(told.sum()),), PLACES, dtype=torch.long)
    return torch.nn.functional.ctc_loss(
        logs, torch.from_numpy(batch.signs), lasting, lengths[told], zero_infinity=True
    )


def greedy(labels: Any) -> str:
    """The text of the most probable class of every place, (80,) ints."""
    text, last = "", 0
    for label in labels:
        if label != last and label:
            text += SIGNS[int(label) - 1]
        last = label
    return text


def _as_it_is(batch: Batch) -> Batch:
    return batch
