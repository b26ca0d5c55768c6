"""`plate-streamer evaluate …`: any detector, by name, against annotated pictures."""

import argparse
import sys
from pathlib import Path
from typing import Any

from models.detectors import DETECTORS
from streamer import yaml12
from streamer.commands.train import Add, add_tables, tables_of
from streamer.errors import UserError
from streamer.parts import load_part, nearest

SHORT = ("weights", "size", "min_score", "runtime")
"""Options of a detector that have a flag of their own, because the default one has them."""


def add_evaluate(add: Add) -> None:
    """The commands below `evaluate`."""
    parser = add("detector", _evaluate, "Hold a detector against annotated val pictures.")
    add_tables(parser)
    take = parser.add_argument
    take("--detector", default="yolo", metavar="NAME", help="default: yolo")
    take(
        "--option",
        dest="options",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of the detector, as in the configuration; the value is YAML",
    )
    take("--weights", metavar="FILE.onnx", help="default: the bundled one")
    take("--size", type=int, nargs=2, metavar=("WIDTH", "HEIGHT"))
    take("--min-score", type=float, help="the threshold of use (default: the detector's own)")
    take("--runtime", choices=("onnxruntime", "openvino"))
    take(
        "--rendered",
        type=int,
        default=0,
        metavar="N",
        help="rendered scenes on top, and as many whose vehicles carry no plates",
    )
    take("--negatives", type=Path, metavar="FOLDER", help="pictures of yours without any plate")
    take(
        "--erase",
        action="store_true",
        help="the annotated pictures once more, with every boxed plate painted over",
    )
    take("--gallery", type=Path, metavar="FILE.html", help="a page of all faults, and the figures")
    take("--json", type=Path, metavar="FILE", help="all figures, for programs")


def _evaluate(options: argparse.Namespace) -> int:
    from models.training.evaluate import Material, evaluate_detector, write_json

    make = load_part("detector", DETECTORS, options.detector)
    check_places(options.gallery, options.json)
    evaluation = evaluate_detector(
        Material(
            tables=tables_of(options),
            images=options.images,
            rendered=options.rendered,
            negatives=options.negatives,
            erase=options.erase,
        ),
        make=make,
        options=part_options("detector", make, options.detector, _given(options)),
        gallery=options.gallery,
        name=options.detector,
    )
    if options.json is not None:
        write_json(evaluation, options.json)
        print(f"{options.json}: all figures", file=sys.stderr)
    if options.gallery is not None:
        print(f"{options.gallery}: all faults", file=sys.stderr)
    print(evaluation.table())
    return 0


def check_places(*files: Path | None) -> None:
    """Whether files can be written: before the work, not after it."""
    for file in files:
        if file is not None and not file.parent.is_dir():
            raise UserError(f"{file}: {file.parent} is no folder")


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """What the command line says about the detector; `--option` overrules the short flags."""
    short = {name: getattr(options, name) for name in SHORT}
    return {k: v for k, v in short.items() if v is not None} | parse_options(options.options)


def parse_options(words: list[str]) -> dict[str, Any]:
    """`["size=[416, 256]"]` as a mapping. Raises UserError that names the faulty one."""
    values: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise UserError(f"--option {word}: expected KEY=VALUE, e.g. min_score=0.3")
        if key.strip() in values:
            raise UserError(f"--option {word}: {key.strip()} is there twice")
        values[key.strip()], _ = yaml12.load(value, f"--option {key.strip()}")
    return values


def part_options(kind: str, make: Any, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options, checked and converted as the configuration does; UserError with all faults."""
    from pydantic import ValidationError

    from streamer.config import options_model

    model = options_model(make)
    try:
        checked = model.model_validate(given)
    except ValidationError as error:
        known = list(model.model_fields)
        faults = (_explain(fault, f"{kind} '{name}'", known) for fault in error.errors())
        raise UserError("; ".join(faults)) from None
    return {key: getattr(checked, key) for key in given}


def _explain(fault: Any, name: str, known: list[str]) -> str:
    key = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        hint = nearest(key, known)
        return f"{name} has no option '{key}'; known: {', '.join(known)}{hint}"
    if fault["type"] == "missing":
        return f"{name} needs --option {key}=…"
    wanted = fault["msg"].replace("Input should", "should")
    return f"{name}: {key}: {fault['input']!r} {wanted[0].lower()}{wanted[1:]}"
