"""`plate-streamer export-corrections`: what was corrected at the gate, as a training set."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.errors import UserError

if TYPE_CHECKING:
    from streamer.archive.archive import Archive
    from streamer.config import Config
    from streamer.lessons import Exported, Kept


def add_export_corrections(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the command; `add(name, function, help)` makes its parser."""
    parser = add(
        "export-corrections",
        _export_corrections,
        "Write what was corrected and confirmed in the portal as a training set.",
    )
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR|FILE.zip", help="a new folder, or a file"
    )


def _export_corrections(options: argparse.Namespace) -> int:
    from streamer.app import checked
    from streamer.config import make

    output: Path = options.output
    zipped = output.suffix.lower() == ".zip"
    if not zipped and (output.is_file() or (output.is_dir() and any(output.iterdir()))):
        raise UserError(f"--output {output}: is there already; name a new folder, or a file.zip")
    config = checked(options.config)
    media = make(config.parts["store"]).media
    if media is None:
        raise UserError(f"{options.config}: store.pictures is off, so there are no pictures")
    archive = _archive(config)
    archive.open()
    try:
        exported = _write(archive, media, output, zipped)
    except OSError as error:
        raise UserError(f"--output {output}: cannot be written: {error.strerror}") from error
    finally:
        archive.close()
    _tell_what(exported, output, zipped)
    return 0


def _archive(config: "Config") -> "Archive":
    from streamer.config import make

    archive: Archive = make(config.parts["archive"], config.parts["store"].options["folder"])
    return archive


def _write(archive: "Archive", media: "Kept", output: Path, zipped: bool) -> "Exported":
    from streamer.lessons import lessons_folder, lessons_zip

    if not zipped:
        return lessons_folder(archive, media, output, _tell)
    half = output.with_name(f"{output.name}.half")
    try:
        with half.open("wb") as file:
            exported = lessons_zip(archive, media, file, _tell)
        half.replace(output)
    finally:
        half.unlink(missing_ok=True)
    return exported


def _tell(done: int) -> None:
    print(f"{done} corrections", file=sys.stderr)


def _tell_what(exported: "Exported", output: Path, zipped: bool) -> None:
    if exported.missing:
        print(f"{exported.missing} corrections have no picture any more", file=sys.stderr)
    print(
        f"{output}: {exported.plates} pictures of plates ({exported.val} for validation),"
        f" {exported.negatives} without a readable one",
        file=sys.stderr,
    )
    if exported.plates:
        folder = f"{output.stem}/annotations, unpacked," if zipped else f"{output}/annotations"
        print(f"now: plate-streamer train reader --data {folder} …", file=sys.stderr)
