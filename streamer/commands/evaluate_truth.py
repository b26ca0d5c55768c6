"""`plate-streamer evaluate --truth CSV`: pictures whose plates are known, read as `read` does."""

import argparse
import json
import sys
from pathlib import Path

from streamer.commands.evaluate import check_places
from streamer.errors import UserError


def add_evaluate_truth(parser: argparse.ArgumentParser) -> None:
    """The options of `evaluate` itself."""
    take = parser.add_argument
    take(
        "--truth",
        type=Path,
        metavar="CSV",
        help="one row per plate, with columns image and plate; a row without a plate says that"
        " there is none",
    )
    take("--images", type=Path, metavar="DIR", help="default: where the table is")
    take("--split", choices=("train", "val"), help="only these rows, where the table has a split")
    take("--config", type=Path, metavar="CONFIG.yaml", help="detector, reader, formats")
    take("--gallery", type=Path, metavar="FILE.html", help="a page of all misread plates")
    take("--json", type=Path, metavar="FILE", help="all figures, for programs")
    take("--wrong", action="store_true", help="also print every plate that is not read right")
    parser.set_defaults(command=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    if options.truth is None:
        raise UserError(
            "evaluate: --truth CSV for whole pictures, or one of: detector, reader, passages"
        )
    from streamer.app import checked, default_config
    from streamer.evaluation.pictures import evaluate_truth, wrong
    from streamer.evaluation.truth import read_truth
    from streamer.picture_reader import picture_reader

    check_places(options.gallery, options.json)
    config = checked(options.config) if options.config else default_config("unused")
    pictures = read_truth(options.truth, options.split)
    reader = picture_reader(config)
    folder = options.images or options.truth.parent
    name = config.parts["reader"].name
    evaluation = evaluate_truth(pictures, folder, reader.read, name)
    print(evaluation.table())
    if options.wrong:
        for picture, truth, read in wrong(evaluation):
            print(f"{picture}: {truth} was read as {read or 'nothing'}")
    if options.gallery is not None:
        from models.training.reader_gallery import write_reader_gallery

        write_reader_gallery(options.gallery, evaluation.comparison())
        print(f"{options.gallery}: every misread plate", file=sys.stderr)
    if options.json is not None:
        text = json.dumps(evaluation.to_json(), indent=1, ensure_ascii=False)
        try:
            options.json.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise UserError(f"--json {options.json}: cannot be written: {error}") from None
    return 0
