"""`plate-streamer weights …`: fetch weights while there is a network, for a start without one."""

import argparse
from collections.abc import Callable
from pathlib import Path

from streamer.logs import start_logging

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add_weights(add: Add) -> None:
    """The command `weights`."""
    parser = add(
        "weights",
        _weights,
        "Fetch weights, check and keep them, and print the path of the file, or of the folder. A "
        "start that names the same address then needs no network.",
    )
    parser.add_argument(
        "address",
        metavar="URL|NAME",
        help="https://…/file.onnx or hf:owner/repo/file.onnx[@revision], with #sha256=… behind it "
        "or a model card (file.json) beside it; or a folder of PaddleOCR's, https://…/folder/ or "
        "hf:owner/repo, with #sha256=… behind it",
    )


def _weights(options: argparse.Namespace) -> int:
    from models.address import is_folder
    from models.download import download

    start_logging("info")
    print(_folder(options.address) if is_folder(options.address) else download(options.address))
    return 0


def _folder(address: str) -> Path:
    from models.folders import fetch_folder
    from models.readers.paddle import files_for

    return fetch_folder(address, files_for())
