"""`plate-streamer train pre-label | import-… | export-labels`: to labelling tools and back."""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.base import ModelError
from streamer.commands.train import Add

if TYPE_CHECKING:
    from models.training.imports import LabelImport

STYLES = ("voc", "yolo", "coco")

IMPORTS = {
    "voc": ("Pascal VOC XML (labelImg, CVAT)", "folder of *.xml, and of folders of these"),
    "yolo": ("YOLO's labels (labelImg, CVAT, Label Studio)", "folder of *.txt, and of folders"),
    "coco": ("COCO's JSON (CVAT, Label Studio)", "a file, or a folder of *.json"),
}


def add_labels(add: Add) -> None:
    """The commands below `train` that read and write labels."""
    _add_pre_label(add)
    for style, (what, where) in IMPORTS.items():
        text = f"{what} and pictures into one CSV table, without duplicates, and a page on it."
        parser = add(f"import-{style}", partial(_import, style), text)
        _add_import_options(parser, where)
    _add_export(add)


def _add_pre_label(add: Add) -> None:
    text = (
        "Label pictures in advance: a person corrects the labels in a labelling tool. "
        "Pictures that have labels already are left alone, so it may be run again."
    )
    parser = add("pre-label", _pre_label, text)
    parser.add_argument("pictures", type=Path, help="folder of pictures, and of folders of these")
    _add_label_options(parser)
    parser.add_argument(
        "--min-score", type=float, metavar="SCORE", help="leave out plates below (0..1)"
    )
    parser.add_argument("--config", type=Path, metavar="CONFIG.yaml", help="detector, reader, …")


def _add_label_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--format", choices=STYLES, required=True, dest="style")
    parser.add_argument(
        "--text-as",
        choices=("attribute", "class"),
        default="attribute",
        help="voc: the text of a plate as its attribute plate_text (CVAT; default), or as the name "
        "of its class (labelImg, which drops attributes)",
    )


def _pre_label(options: argparse.Namespace) -> int:
    from streamer.pre_label import pre_label

    return pre_label(
        options.pictures,
        options.output,
        style=options.style,
        text_as=options.text_as,
        min_score=options.min_score,
        config=options.config,
    )


def _add_export(add: Add) -> None:
    parser = add("export-labels", _export, "Write an annotation table as labels, to correct them.")
    parser.add_argument("table", type=Path, metavar="TABLE.csv")
    _add_label_options(parser)


def _export(options: argparse.Namespace) -> int:
    from models.training.export_labels import export_labels

    count = export_labels(options.table, options.output, options.style, text_as=options.text_as)
    print(f"{options.output}: labels of {count} pictures", file=sys.stderr)
    return 0


def _add_import_options(parser: argparse.ArgumentParser, where: str) -> None:
    take = parser.add_argument
    take("annotations", type=Path, help=where)
    take("--images", type=Path, help="folder of the pictures (default: the same)")
    take("--output", type=Path, required=True, metavar="TABLE.csv")
    take("--class", dest="classes", action="append", default=[], metavar="NAME")
    take(
        "--text-attribute",
        metavar="NAME",
        help="attribute of an object: the plate's text (default: plate_text, where there is one)",
    )
    take(
        "--text-is-class",
        action="store_true",
        help="the name of an object's class is the plate's text; 'plate' is one without",
    )
    take(
        "--turned",
        choices=("shown", "stored"),
        help="of which picture boxes are where EXIF turns it and the size does not tell",
    )
    take("--val-share", type=float, default=0.15, help="default: 0.15")
    take(
        "--source-by",
        choices=("folder", "prefix"),
        default="folder",
        help="what is never divided between train and val: a folder of pictures (default), or "
        "those whose names begin with the same letters",
    )
    take(
        "--keep-splits",
        action="store_true",
        help="as train.txt and val.txt, or instances_train.json and …_val.json, there say",
    )
    take("--duplicate-bits", type=int, default=4, metavar="N", help="of 64; default: 4")
    take("--keep-duplicates", action="store_true")
    take("--yolo", type=Path, metavar="FOLDER", help="also write a data set as YOLO takes it")
    take("--summary", type=Path, metavar="FILE.html", help="default: beside the table")
    take("--no-summary", action="store_true")


def _import(style: str, options: argparse.Namespace) -> int:
    from models.training.imports import root_of
    from models.training.yolo import check_folder

    if options.text_is_class and (options.classes or options.text_attribute):
        raise ModelError("--text-is-class: goes without --class and --text-attribute")
    if options.images is None:
        options.images = root_of(options.annotations)
    if options.yolo:
        # Before the work, not after it.
        check_folder(options.yolo, options.images)
    found = _found(style, options)
    _tell(options, found)
    _write_beside(options, found)
    return 0


def _found(style: str, options: argparse.Namespace) -> "LabelImport":
    from models.training.imports import Splitting, import_labels
    from models.training.labelled import Wanted

    return import_labels(
        style=style,
        annotations=options.annotations,
        images=options.images,
        wanted=Wanted(
            frozenset(options.classes),
            options.text_attribute,
            options.text_is_class,
            options.turned,
        ),
        splitting=Splitting(options.source_by, options.val_share, options.keep_splits),
        duplicate_bits=None if options.keep_duplicates else options.duplicate_bits,
        output=options.output,
    )


def _tell(options: argparse.Namespace, found: "LabelImport") -> None:
    for remark in found.remarks:
        print(f"{remark.kind}: {remark.text}", file=sys.stderr)
    for one in found.duplicates:
        print(f"duplicate: {one.removed} shows what {one.kept} shows", file=sys.stderr)
    for note in found.notes:
        print(note, file=sys.stderr)
    splits = found.table["split"].value_counts().to_dict()
    counts = ", ".join(f"{count} {split}" for split, count in sorted(splits.items()))
    print(f"{options.output}: {len(found.table)} plates ({counts})", file=sys.stderr)


def _write_beside(options: argparse.Namespace, found: "LabelImport") -> None:
    from models.training.summary import write_summary
    from models.training.yolo import write_yolo

    if not options.no_summary:
        file = options.summary or options.output.with_suffix(".html")
        write_summary(found, file, options.output.name)
        print(f"{file}: what it looks like", file=sys.stderr)
    if options.yolo:
        written = write_yolo(found, options.yolo)
        left_out = "".join(f"; left out: {n} {why}" for why, n in written.left_out.items())
        print(f"{written.file}: {written.pictures.total()} pictures{left_out}", file=sys.stderr)
