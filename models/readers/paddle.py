"""PaddleOCR itself as the reader: its text recognition, with a confidence for each character.

Needs the extra `paddle`, in an environment of its own (`make install-paddle`), because
paddleocr insists on an opencv wheel and a numpy that the rest of the daemon does not share.

What runs through what: the rows of a crop are found and cut out by our own code, as for the
reader `rapidocr`. `paddleocr.TextRecognition` then scales, normalises and batches them and runs
the network, on the inference engine that fits its files: PaddlePaddle for Paddle's own files
(`inference.json` or `inference.pdmodel`, with `inference.pdiparams`), ONNX Runtime for
`inference.onnx`. Its last step, which decodes a softmax into a text with one score, is replaced
by ours, which keeps the confidence of each character.

PaddleOCR is never let download anything. Without options it reads with the very weights of the
reader `rapidocr`, PP-OCRv6 small from rapidocr's wheel, handed to PaddleOCR as ONNX.
"""

import logging
import os
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from models.address import is_address
from models.base import Image, ModelError, Reading
from models.folders import fetch_folder
from models.readers.beam import decode_row
from models.readers.crops import read_legible
from models.readers.decode import Alphabet, Line, Probabilities
from models.readers.rapidocr import (
    BATCH,
    CALIBRATION,
    batches,
    bundled_recogniser,
    characters_of,
)
from models.readers.reading import read_plates
from models.readers.rows import ROW_HEIGHT, WIDTHS
from models.runtime import Session

ENGINES = ("paddle", "onnxruntime")

CONFIG = "inference.yml"

KINDS = {
    ("inference.json", "inference.pdiparams", CONFIG): "paddle",
    ("inference.pdmodel", "inference.pdiparams", CONFIG): "paddle",
    ("inference.onnx", CONFIG): "onnxruntime",
}
"""Which files make a model, and the engine that runs them."""


class PaddleReader:
    """Reads plates with PaddleOCR's text recognition; works without a network.

    `model_dir` is a folder with an exported recogniser: `inference.yml` and the files of the
    network. `model_name` is instead a model on the hub, `hf:owner/repo#sha256=…` or the address of
    such a folder, fetched once and checked (`models/folders.py`); or the name of one that
    PaddleOCR has downloaded before, such as PP-OCRv6_medium_rec, which is looked for in its
    cache alone (`~/.paddlex`, or where `PADDLE_PDX_CACHE_HOME` says). Without either, PP-OCRv6
    small from rapidocr's wheel is taken.
    `engine` is `paddle` or `onnxruntime`; None takes the one that the files are for.
    A character's confidence is the softmax probability of its sign, all cases and accents
    together, at its most certain frame.

    `calibration` is that of the bundled weights, None for other models.

    Raises `ModelError` if paddleocr is not installed, or the model is missing or cannot be used;
    it is loaded here, which takes some seconds. One instance serves one thread.
    """

    def __init__(
        self,
        *,
        model_dir: Path | None = None,
        model_name: str | None = None,
        engine: str | None = None,
        threads: int = 1,
    ) -> None:
        if engine not in (None, *ENGINES):
            raise ModelError(f"no such engine {engine!r}; known: {', '.join(ENGINES)}")
        if find_spec("paddleocr") is None:
            raise ModelError("paddleocr is not installed here; make install-paddle sets it up")
        with ExitStack() as stack:
            if model_dir is not None:
                folder = Path(model_dir)
            elif model_name is not None and is_address(model_name):
                folder = fetch_folder(model_name, files_for(engine))
            elif model_name is not None:
                folder = _downloaded(model_name, engine)
            else:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                _lay_out_bundled(folder)
            own = model_dir is None and model_name is None
            self.calibration = CALIBRATION if own else None
            self._network = _Network(folder, _engine_for(folder, engine), threads)

    def read(self, crops: Sequence[Image]) -> list[Reading]:
        """One reading per crop, in their order; crops of any size and kind (`crops.as_crop`)."""
        return read_legible(crops, self._read)

    def _read(self, crops: Sequence[Image]) -> list[Reading]:
        return read_plates(crops, self._network.recognise)


class _Network:
    """One `paddleocr.TextRecognition` whose decoding is ours."""

    def __init__(self, folder: Path, engine: str, threads: int) -> None:
        self._folder = folder
        name = _model_name_in(folder)
        recognition = _import_text_recognition()
        options: dict[str, Any] = {"cpu_threads": threads}
        if engine == "onnxruntime":
            options = {
                "engine_config": {"intra_op_num_threads": threads, "inter_op_num_threads": 1}
            }
        try:
            network = recognition(
                model_name=name, model_dir=str(folder), engine=engine, device="cpu", **options
            )
            predictor = network.paddlex_predictor
            self._alphabet = Alphabet(predictor.post_op.character[1:])
            self._least_ratio = _least_ratio(predictor.config)
            predictor.post_op = self._keep
            self._predict = predictor.predict
            self.recognise([np.zeros((ROW_HEIGHT, WIDTHS[0], 3), np.uint8)])
        except Exception as error:  # paddleocr, paddlex and paddle raise types of their own
            raise ModelError(f"{folder}: {_reason(error)}") from error

    def recognise(self, rows: Sequence[Image]) -> list[Line]:
        lines: dict[int, Line] = {}
        for batch in batches([row.shape[1] for row in rows], BATCH):
            ratio = rows[batch[0]].shape[1] / ROW_HEIGHT
            results = self._predict([rows[n] for n in batch], batch_size=BATCH)
            for n, result in zip(batch, results, strict=True):
                used = ratio / max(ratio, self._least_ratio)
                lines[n] = decode_row(result["rec_text"], used)
        return [lines[n] for n in range(len(rows))]

    def _keep(
        self, outputs: Sequence[Probabilities], **_: object
    ) -> tuple[list[Probabilities], list[float]]:
        """Stands where PaddleOCR's decoding did: its texts are the grouped probabilities."""
        grouped = list(self._alphabet.group(np.asarray(outputs[0])))
        return grouped, [0.0] * len(grouped)


def _import_text_recognition() -> Any:
    # Read at import. The search for a host to download from is the only call home there is,
    # and takes seconds where there is no network.
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # compilers that nobody needs are not installed
            from paddleocr import TextRecognition
    except Exception as error:  # a half-installed paddle raises anything
        raise ModelError(f"paddleocr cannot be imported: {_reason(error)}") from error
    logging.getLogger("paddlex").setLevel(logging.ERROR)
    return TextRecognition


def _lay_out_bundled(folder: Path) -> None:
    """The files of a PaddleOCR model around the ONNX network in rapidocr's wheel."""
    model = bundled_recogniser()
    characters = characters_of(Session(model))
    (folder / "inference.onnx").symlink_to(model.absolute())
    # Rows come in the right height and one of a few widths: no padding up to a least width.
    resize = {"RecResizeImg": {"image_shape": [3, ROW_HEIGHT, WIDTHS[0]]}}
    config = {
        "Global": {"model_name": model.stem.replace("_rec_small", "_small_rec")},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                resize,
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
    }
    text = yaml.safe_dump(config, allow_unicode=True)
    (folder / CONFIG).write_text(text, encoding="utf-8")


def _downloaded(name: str, engine: str | None) -> Path:
    """The folder of a model that PaddleOCR has downloaded; we never download."""
    cache = Path(os.environ.get("PADDLE_PDX_CACHE_HOME") or Path.home() / ".paddlex")
    folder = cache / "official_models" / (f"{name}_onnx" if engine == "onnxruntime" else name)
    if not folder.is_dir():
        option = f", engine='{engine}'" if engine else ""
        raise ModelError(
            f"{folder}: model {name!r} was never downloaded, and this program does not; run once,"
            f' with a network: python -c "from paddleocr import TextRecognition;'
            f" TextRecognition(model_name='{name}'{option})\", or give model_dir or hf:owner/repo"
        )
    return folder


def files_for(engine: str | None = None) -> list[tuple[str, ...]]:
    """The files of models that an engine runs, None for either."""
    return [files for files, runs in KINDS.items() if engine in (None, runs)]


def _engine_for(folder: Path, wanted: str | None) -> str:
    """The engine that runs the files of a folder, if it is the one that is wanted."""
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder; model_dir holds {CONFIG} and a network")
    for files in files_for(wanted):
        if all((folder / name).is_file() for name in files if name != CONFIG):
            return KINDS[files]
    raise ModelError(
        f"{folder}: no network for engine {wanted or 'paddle or onnxruntime'}; paddle runs"
        " inference.json with inference.pdiparams, onnxruntime inference.onnx"
    )


def _model_name_in(folder: Path) -> str:
    """PaddleOCR wants to be told the name, and that it is the one in the file."""
    file = folder / CONFIG
    try:
        return str(yaml.safe_load(file.read_text(encoding="utf-8"))["Global"]["model_name"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ModelError(
            f"{file}: no model configuration with Global.model_name ({_reason(error)})"
        ) from error


def _least_ratio(config: Any) -> float:
    """Width by height up to which PaddleOCR pads a row on its right."""
    for step in config["PreProcess"]["transform_ops"]:
        if "RecResizeImg" in step:
            _, height, width = step["RecResizeImg"]["image_shape"]
            return float(width) / float(height)
    raise ValueError("PreProcess has no RecResizeImg: no text recogniser of PaddleOCR")


def _reason(error: BaseException) -> str:
    """One line that says what was wrong: paddleocr hides it in the cause."""
    text = str(error.__cause__ or error).strip() or type(error).__name__
    return text.splitlines()[0]
