"""The training frameworks, made fit for a machine without network, before they are imported.

`ultralytics` asks its makers for fonts, versions and statistics, lowers torch to one thread,
and imports torchvision, which the CPU wheels of torch often cannot load ("operator
torchvision::nms does not exist"). Everything here acts before the first import, because
ultralytics reads its environment only once.
"""

import importlib
import importlib.machinery
import importlib.metadata
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from models.base import ModelError

if TYPE_CHECKING:
    import torch

TRAIN_EXTRA = "pip install 'plate-streamer[train]'"


def usable_cores() -> int:
    """The processor cores this process may use (a container may have fewer than the machine)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 itself; emulated it would be slower."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def load_ultralytics(folder: Path) -> ModuleType:
    """`ultralytics`, imported with its settings in `folder` and every call home switched off.

    Raises `ModelError` where the training extra is not installed.
    """
    if "ultralytics" not in sys.modules:
        _set_environment(folder)
        _bring_font(folder / "Ultralytics")
    # Also where somebody else imported it before: it needs torchvision only when it works.
    stand_in_for_torchvision(folder)
    try:
        ultralytics = importlib.import_module("ultralytics")
        patches = importlib.import_module("ultralytics.utils.patches")
    except ImportError as error:
        raise ModelError(f"training needs {error.name or error}: {TRAIN_EXTRA}") from error
    _restore_pillow(patches)
    _silence(ultralytics.settings)
    return ultralytics


def _restore_pillow(patches: ModuleType) -> None:
    """Take back the reader that ultralytics put in the place of Pillow's.

    It asks for a package that is not there whenever a picture is broken.
    """
    from PIL import Image

    if Image.open is getattr(patches, "image_open", None) and hasattr(patches, "_image_open"):
        Image.open = patches._image_open


def _set_environment(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["YOLO_OFFLINE"] = "1"
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["YOLO_CONFIG_DIR"] = str(folder.resolve())
    # ultralytics sets 1 where nothing is set, and torch reads it at import.
    os.environ.setdefault("OMP_NUM_THREADS", str(usable_cores()))


def _silence(settings: Any) -> None:
    """Statistics off, and every logging service that sends things elsewhere."""
    senders = ("sync", "clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb")
    settings.update({name: False for name in senders if name in settings})


def _bring_font(settings_folder: Path) -> None:
    """A font under the name that ultralytics would otherwise download for its plots."""
    font = settings_folder / "Arial.ttf"
    if font.exists():
        return
    try:
        import matplotlib
    except ImportError as error:
        raise ModelError(f"training needs {error.name}: {TRAIN_EXTRA}") from error
    settings_folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), font)


def stand_in_for_torchvision(folder: Path) -> bool:
    """Put a minimal torchvision in place where the real one is missing or broken.

    Returns whether it was needed. It has what ultralytics uses for detectors: a version and
    `ops.nms`. Where even the package's metadata is missing, `folder` gets a metadata
    directory, because ultralytics asks `importlib.metadata` for the version.
    """
    try:
        import torch
    except ImportError as error:
        raise ModelError(f"training needs {error.name}: {TRAIN_EXTRA}") from error
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError, OSError, AttributeError):
        # A failed import leaves submodules behind that would hide ours.
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
    else:
        return False
    # torch 2.N pairs with torchvision 0.(N + 15); ultralytics warns about any other pair.
    version = f"0.{int(torch.__version__.split('.')[1]) + 15}.0"
    _register_stand_in(version)
    _give_metadata(folder, version)
    return True


def _register_stand_in(version: str) -> None:
    package, ops = ModuleType("torchvision"), ModuleType("torchvision.ops")
    package.__spec__ = importlib.machinery.ModuleSpec("torchvision", None, is_package=True)
    ops.__spec__ = importlib.machinery.ModuleSpec("torchvision.ops", None)
    contents = {"__version__": version, "__path__": [], "ops": ops}
    vars(package).update(contents)
    vars(ops).update(nms=plain_nms)
    sys.modules["torchvision"], sys.modules["torchvision.ops"] = package, ops


def _give_metadata(folder: Path, version: str) -> None:
    try:
        importlib.metadata.version("torchvision")
    except importlib.metadata.PackageNotFoundError:
        info = folder / "stand-in" / f"torchvision-{version}.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        text = f"Metadata-Version: 2.1\nName: torchvision\nVersion: {version}\n"
        (info / "METADATA").write_text(text, encoding="utf-8")
        sys.path.append(str(info.parent))
        importlib.invalidate_caches()


def plain_nms(
    boxes: "torch.Tensor", scores: "torch.Tensor", iou_threshold: float
) -> "torch.Tensor":
    """Indices of the boxes (n, 4; x1 y1 x2 y2) that no better box overlaps more than allowed.

    The same contract as `torchvision.ops.nms`: best score first.
    """
    import torch

    left, kept = torch.argsort(scores, descending=True), []
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)
    while left.numel():
        best, left = left[0], left[1:]
        kept.append(best)
        low = torch.maximum(boxes[best, :2], boxes[left, :2])
        high = torch.minimum(boxes[best, 2:], boxes[left, 2:])
        shared = (high - low).clamp(min=0).prod(dim=1)
        union = areas[best] + areas[left] - shared
        left = left[shared <= iou_threshold * union]
    return torch.stack(kept) if kept else left
