"""`plate-streamer train …`: from annotations to weights."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from models.training.recipes import Recipe

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]

KINDS: dict[str, Callable[[str], object]] = {"hours": float, "start": str, "detector": str}
"""Of the options that are None unless given."""

RECIPE_HELP = {
    "model": "network of ultralytics",
    "start": "ONNX weights of that network to go on from, e.g. the bundled ones; else from scratch",
    "multi_scale": "let the size of each batch vary by this share",
    "size": "pictures are scaled to this many pixels",
    "batch": "pictures per step",
    "epochs": "how often every picture is seen",
    "hours": "limit the time instead of the epochs",
    "learning_rate": "at the start; it falls along a cosine",
    "plain_epochs": "at the end: whole pictures instead of mosaics",
    "rendered": "rendered scenes that join the annotated pictures",
    "rendered_val": "rendered scenes among the val pictures",
    "planted": "train pictures repeated with drawn plates over their own",
    "erased": "train pictures repeated with their plates painted over",
    "close_ups": "train pictures cut around a plate",
    "bare": "rendered scenes whose vehicles have no plates",
    "relabel": "redraw the boxes tightly and add plates that nobody boxed",
    "seed": "another seed, another training",
    "bf16": "bfloat16 where the processor computes in it: faster",
}


def add_train(add: Add) -> None:
    """The commands below `train`."""
    _add_detector(add)
    _add_export(add)
    _add_quantize(add)


def _add_detector(add: Add) -> None:
    parser = add("detector", _train_detector, "Train a plate detector, from scratch or on.")
    add_tables(parser)
    parser.add_argument(
        "--run", type=Path, default=Path("runs/detector"), help="default: runs/detector"
    )
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    add_recipe(parser, Recipe, RECIPE_HELP)


def add_recipe(
    parser: argparse.ArgumentParser, recipe: type[Any], texts: Mapping[str, str]
) -> None:
    """An option for each field of a recipe (a dataclass whose fields all have defaults)."""
    for field in fields(recipe):
        name = f"--{field.name.replace('_', '-')}"
        text = f"{texts[field.name]} (default: {field.default})"
        if isinstance(field.default, bool):
            parser.add_argument(
                name, action=argparse.BooleanOptionalAction, default=field.default, help=text
            )
        else:
            kind = KINDS.get(field.name) or type(field.default)
            parser.add_argument(name, type=kind, default=field.default, help=text)


def recipe_of(options: argparse.Namespace, recipe: type[Any]) -> Any:
    """The recipe that `add_recipe` took."""
    return recipe(**{field.name: getattr(options, field.name) for field in fields(recipe)})


def _train_detector(options: argparse.Namespace) -> int:
    from models.training.detector import train_detector

    trained = train_detector(
        tables=tables_of(options),
        run=options.run,
        images=options.images,
        recipe=recipe_of(options, Recipe),
        resume=options.resume,
    )
    print(
        f"{trained.checkpoint}: {trained.epochs} epochs; now: plate-streamer train export"
        f" --run {options.run} --output my-detector.onnx",
        file=sys.stderr,
    )
    return 0


def _add_export(add: Add) -> None:
    parser = add("export", _export, "Write a trained detector as ONNX, with its model card.")
    parser.add_argument("--run", type=Path, default=Path("runs/detector"))
    parser.add_argument("--output", type=Path, required=True, metavar="WEIGHTS.onnx")
    parser.add_argument(
        "--fixed",
        type=int,
        nargs=2,
        metavar=("WIDTH", "HEIGHT"),
        help="also a file whose input has this shape alone, for devices that need that",
    )
    parser.add_argument("--int8", action="store_true", help="also a file quantised to int8")


def _export(options: argparse.Namespace) -> int:
    from models.training.export import export_detector, export_variants

    print(export_detector(run=options.run, output=options.output).table())
    fixed = tuple(options.fixed) if options.fixed else None
    variants = export_variants(
        run=options.run, weights=options.output, fixed=fixed, int8=options.int8
    )
    for file, evaluation in variants.items():
        print(f"\n{file}\n{evaluation.table()}")
    return 0


def _add_quantize(add: Add) -> None:
    text = "Turn a detector's ONNX file into int8: a quarter of the size, about half the time."
    parser = add("quantize", _quantize, text)
    parser.add_argument("weights", type=Path, metavar="WEIGHTS.onnx")
    add_tables(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="OUT.onnx")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("WIDTH", "HEIGHT"),
        help="calibrate and measure at this size (default: the detector's own)",
    )
    parser.add_argument(
        "--pictures", type=int, default=32, help="train pictures to calibrate on (default: 32)"
    )


def _quantize(options: argparse.Namespace) -> int:
    from models.training.quantize import quantize_detector

    evaluation = quantize_detector(
        weights=options.weights,
        output=options.output,
        tables=tables_of(options),
        images=options.images,
        size=tuple(options.size) if options.size else None,
        pictures=options.pictures,
    )
    print(evaluation.table())
    return 0


def add_tables(parser: argparse.ArgumentParser) -> None:
    """The arguments that name annotated pictures."""
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        metavar="TABLE.csv|FOLDER",
        help="annotation tables, or folders of them",
    )
    parser.add_argument("--images", type=Path, help="default: 'images' beside the tables' folder")


def tables_of(options: argparse.Namespace) -> list[Path]:
    """The tables that `add_tables` took: files, or all of a folder."""
    tables: list[Path] = []
    for path in options.data:
        tables += sorted(path.glob("*.csv")) if path.is_dir() else [path]
    return tables
