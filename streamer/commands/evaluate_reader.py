"""`plate-streamer evaluate reader`: readers, by name, against plates whose text is known."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.base import Reader
from models.readers import READERS
from streamer.commands.evaluate import check_places, parse_options, part_options
from streamer.commands.train import Add, add_tables, tables_of
from streamer.errors import UserError
from streamer.parts import load_part

if TYPE_CHECKING:
    from models.training.evaluate_reader import Material
    from models.training.plate_crops import Cut


def add_evaluate_reader(add: Add) -> None:
    """The command `reader`, below `evaluate`."""
    text = "Hold readers against annotated plates: what they read, and whether they know it."
    parser = add("reader", _evaluate, text)
    add_tables(parser)
    _add_readers(parser)
    _add_material(parser)
    take = parser.add_argument
    take("--no-costs", action="store_true", help="do not measure processor time")
    take("--gallery", type=Path, metavar="FILE.html", help="a page of all misread plates")
    take("--json", type=Path, metavar="FILE", help="all figures, for programs")


def _add_readers(parser: argparse.ArgumentParser) -> None:
    take = parser.add_argument
    take(
        "--reader",
        dest="readers",
        action="append",
        default=[],
        metavar="[LABEL=]NAME",
        help="again for more, side by side (default: the daemon's)",
    )
    take(
        "--option",
        dest="options",
        action="append",
        default=[],
        metavar="[LABEL.]KEY=VALUE",
        help="of the reader, as in the configuration; the value is YAML",
    )
    take("--plain", action="store_true", help="readers as they are, without formats")
    take("--countries", nargs="+", metavar="CC", help="where vehicles come from: ISO 3166, DE NL")
    take("--patterns", nargs="+", default=[], metavar="PATTERN", help="formats of your own")
    take(
        "--min-confidence",
        type=float,
        default=0.5,
        help="what is read with less is not believed (default: 0.5)",
    )


def _add_material(parser: argparse.ArgumentParser) -> None:
    take = parser.add_argument
    take("--split", choices=("train", "val"), default="val", help="default: val")
    take(
        "--crops",
        choices=("annotated", "detected"),
        default="annotated",
        help="by the annotated box, or as the daemon cuts them where its detector sees the plate",
    )
    take(
        "--margin",
        type=float,
        help="around the annotated box in its heights (default: 0.05); around a detected one in "
        "shares of its sides (default: the daemon's)",
    )
    take("--jitter", type=float, default=0.0, help="move each side by up to this share of the box")
    take("--limit", type=int, default=0, metavar="N", help="of each table about so many plates")
    take("--rendered", type=int, default=0, metavar="N", help="drawn things that are no plates")
    take(
        "--windows",
        type=int,
        default=1,
        metavar="N",
        help="of each picture, beside its plates, not to be believed (default: 1)",
    )
    take("--negatives", type=Path, metavar="FOLDER", help="pictures of yours without any plate")


def _evaluate(options: argparse.Namespace) -> int:
    from models.training.evaluate_reader import evaluate_readers, write_json

    check_places(options.gallery, options.json)
    _check_ranges(options)
    readers = _readers(options)
    comparison = evaluate_readers(
        readers,
        _material(options),
        min_confidence=options.min_confidence,
        informed=not options.plain,
        with_costs=not options.no_costs,
    )
    if options.json is not None:
        write_json(comparison, options.json)
        print(f"{options.json}: all figures", file=sys.stderr)
    if options.gallery is not None:
        from models.training.reader_gallery import write_reader_gallery

        write_reader_gallery(options.gallery, comparison)
        print(f"{options.gallery}: all misread plates", file=sys.stderr)
    print(comparison.table())
    return 0


def _check_ranges(options: argparse.Namespace) -> None:
    for name, low, high in (
        ("margin", 0.0, 1.0),
        ("jitter", 0.0, 0.5),
        ("min_confidence", 0.0, 1.0),
        ("rendered", 0, 10**6),
        ("windows", 0, 100),
        ("limit", 0, 10**9),
    ):
        value = getattr(options, name)
        if value is not None and not low <= value <= high:
            raise UserError(f"--{name.replace('_', '-')} {value}: should be from {low} to {high}")
    if options.jitter and options.crops == "detected":
        raise UserError("--jitter moves annotated boxes; leave it out with --crops detected")


def _material(options: argparse.Namespace) -> "Material":
    from models.training.evaluate_reader import Material

    return Material(
        tables=tables_of(options),
        images=options.images,
        split=options.split,
        cut=_cut(options),
        jitter=options.jitter,
        limit=options.limit,
        rendered=options.rendered,
        windows=options.windows,
        negatives=options.negatives,
    )


def _cut(options: argparse.Namespace) -> "Cut":
    if options.crops == "annotated":
        from models.training.plate_crops import MARGIN, cut_with

        return cut_with(MARGIN if options.margin is None else options.margin)
    from models.detectors.yolo import YoloDetector
    from streamer.evaluation.detected import FoundBy

    given = {} if options.margin is None else {"margin": options.margin}
    return FoundBy(YoloDetector(), **given)


def _readers(options: argparse.Namespace) -> dict[str, Reader]:
    """By label, in the order given; UserError for what cannot be made."""
    from streamer.app import PARTS

    named: dict[str, str] = {}
    for word in options.readers or [PARTS.chosen["reader"][1]]:
        label, _, name = word.rpartition("=")
        if (label or name) in named:
            raise UserError(
                f"--reader {word}: {label or name} is there twice; label one: old={name}"
            )
        named[label or name] = name
    given = _given(options.options, list(named))
    return {label: _reader(options, name, given[label]) for label, name in named.items()}


def _given(words: list[str], labels: list[str]) -> dict[str, dict[str, Any]]:
    """What the command line says about each reader; `LABEL.` before a key is for that one."""
    given: dict[str, dict[str, Any]] = {label: {} for label in labels}
    for key, value in parse_options(words).items():
        label, dot, name = key.rpartition(".")
        if dot and label not in given:
            known = ", ".join(labels)
            raise UserError(f"--option {key}: no reader labelled '{label}' here; known: {known}")
        for one in [label] if dot else labels:
            given[one][name] = value
    return given


def _reader(options: argparse.Namespace, name: str, given: dict[str, Any]) -> Reader:
    make = load_part("reader", READERS, name)
    reader: Reader = make(**part_options("reader", make, name, given))
    if options.plain:
        return reader
    from models.readers.formats import Formats
    from models.readers.informed import InformedReader

    formats = Formats(options.countries, options.patterns)
    return InformedReader(reader, formats, min_confidence=options.min_confidence)
