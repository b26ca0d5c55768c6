"""`plate-streamer train corners …`: the network of the second look, from annotations to weights."""

import argparse
import sys
from pathlib import Path

from models.training.recipes import CornerRecipe
from streamer.commands.train import Add, add_recipe, add_tables, recipe_of, tables_of

RECIPE_HELP = {
    "steps": "batches to learn from",
    "batch": "windows per step",
    "learning_rate": "at its highest; it rises, and falls again",
    "rendered": "rendered scenes that join the annotated pictures",
    "rendered_val": "rendered scenes among the val pictures",
    "width": "channels of the first layer",
    "detector": "ONNX weights whose mistakes it learns to refuse (default: the bundled ones)",
    "seed": "another seed, another training",
}


def add_corners(add: Add) -> None:
    """The commands `corners` and `export-corners`, below `train`."""
    parser = add("corners", _train, "Train the second look: corners, and whether it is a plate.")
    add_tables(parser)
    parser.add_argument("--run", type=Path, default=Path("runs/corners"))
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    add_recipe(parser, CornerRecipe, RECIPE_HELP)
    parser = add("export-corners", _export, "Write a trained second look as ONNX, with its card.")
    add_tables(parser)
    parser.add_argument("--run", type=Path, default=Path("runs/corners"))
    parser.add_argument("--output", type=Path, required=True, metavar="WEIGHTS.onnx")


def _train(options: argparse.Namespace) -> int:
    from models.training.corners import train_corners

    checkpoint = train_corners(
        tables=tables_of(options),
        run=options.run,
        images=options.images,
        recipe=recipe_of(options, CornerRecipe),
        resume=options.resume,
    )
    print(
        f"{checkpoint}: now: plate-streamer train export-corners --data DATA"
        f" --run {options.run} --output my-corners.onnx",
        file=sys.stderr,
    )
    return 0


def _export(options: argparse.Namespace) -> int:
    from models.training.corners_export import export_corners

    lines = export_corners(
        run=options.run,
        output=options.output,
        tables=tables_of(options),
        images=options.images,
    )
    print("\n".join(lines))
    return 0
