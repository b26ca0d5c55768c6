"""What a picture or a video gave, as files in a folder, for the Python API."""

from collections.abc import Sequence
from pathlib import Path

from streamer.reading.files import Style, result_file
from streamer.reading.results import Result

STYLES: tuple[Style, ...] = ("json", "csv")


def save_results(results: Sequence[Result], folder: Path, stem: str) -> None:
    """As `stem.json` (an array) and `stem.csv`. Raises UserError where they cannot be written."""
    for style in STYLES:
        with result_file(style, str(folder / f"{stem}.{style}")) as write:
            for result in results:
                write(result)
