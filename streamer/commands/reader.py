"""`plate-streamer train reader …`: the network that reads plates, from annotations to weights."""

import argparse
import sys
from pathlib import Path

from models.training.recipes import ReaderRecipe
from streamer.commands.train import Add, add_recipe, add_tables, recipe_of, tables_of

RECIPE_HELP = {
    "width": "channels, as a multiple",
    "batch": "crops per step",
    "steps": "batches to learn from",
    "hours": "limit the time instead of the steps",
    "learning_rate": "at its highest; it rises, and falls again",
    "real": "share of annotated crops in a batch; the rest is drawn",
    "other": "share of things that are no plates",
    "half": "share of halves of plates",
    "taught": "learn from crops without a text, too, as PP-OCR reads them",
    "start": "ONNX weights to go on from, e.g. the bundled ones; else from scratch",
    "seed": "another seed, another training",
}


def add_reader(add: Add) -> None:
    """The commands `reader` and `export-reader`, below `train`."""
    parser = add("reader", _train, "Train the reader on annotated and on drawn plates.")
    add_tables(parser)
    parser.add_argument("--run", type=Path, default=Path("runs/reader"))
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    add_recipe(parser, ReaderRecipe, RECIPE_HELP)
    text = "Write a trained reader as ONNX: calibrated on the val crops, with its card."
    parser = add("export-reader", _export, text)
    add_tables(parser)
    parser.add_argument("--run", type=Path, default=Path("runs/reader"))
    parser.add_argument("--output", type=Path, required=True, metavar="WEIGHTS.onnx")
    parser.add_argument("--note", default="", help="what else the card is to say")


def _train(options: argparse.Namespace) -> int:
    from models.training.reader import train_reader

    checkpoint = train_reader(
        tables=tables_of(options),
        run=options.run,
        images=options.images,
        recipe=recipe_of(options, ReaderRecipe),
        resume=options.resume,
    )
    print(
        f"{checkpoint}: now: plate-streamer train export-reader --data DATA"
        f" --run {options.run} --output my-reader.onnx",
        file=sys.stderr,
    )
    return 0


def _export(options: argparse.Namespace) -> int:
    from models.training.reader_export import export_reader

    lines = export_reader(
        run=options.run,
        output=options.output,
        tables=tables_of(options),
        images=options.images,
        note=options.note,
    )
    print("\n".join(lines))
    return 0
