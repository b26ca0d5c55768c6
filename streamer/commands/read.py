"""`plate-streamer read`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from streamer.errors import UserError
from streamer.logs import start_logging

TEXT = (
    "Read the plates of pictures, folders, videos and streams. A picture gives one JSON "
    "line with its plates, best first; a video or stream one event line per vehicle."
)
EXAMPLES = """\
examples:
  plate-streamer read car.jpg
  plate-streamer read holiday/ --recursive --output plates.jsonl --resume
  plate-streamer read 'holiday/*.jpg' --format csv --annotate drawn/
  plate-streamer read clip.mp4 --positions --annotate drawn/
  plate-streamer read rtsp://viewer:secret@10.0.0.7/stream1
  find /archive -name '*.jpg' -print0 | plate-streamer read --from - -0 --workers 4
  curl -s http://10.0.0.7/snapshot.jpg | plate-streamer read -

exit codes: 0 all was read, with plates or without; 2 something could not be read (the rest
was), or the command is wrong; 130 Ctrl-C; 143 SIGTERM; 1 a fault of ours.
docs/read.md has an example for each option.
"""

Add = Callable[..., argparse.ArgumentParser]


def add_read(add: Add) -> None:
    """Add the command; `add(name, does, text)` gives its parser."""
    parser = add("read", _read, TEXT)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument(
        "sources", nargs="*", metavar="PATH|URL", help="- is a picture on standard input"
    )
    _add_what(parser)
    _add_how(parser)
    _add_where(parser)


def _add_what(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to read")
    group.add_argument(
        "--from", dest="listed", metavar="FILE", help="a list, one path or URL a line; - is stdin"
    )
    group.add_argument(
        "-0", "--null", action="store_true", help="entries of --from end with NUL (find -print0)"
    )
    group.add_argument("-r", "--recursive", action="store_true", help="folders within folders, too")


def _add_how(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to read")
    group.add_argument("--config", type=Path, metavar="CONFIG.yaml", help="detector, reader, …")
    group.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help="processes that read pictures; default: one a core, fewer for few pictures",
    )
    group.add_argument("-q", "--quiet", action="store_true", help="tell no progress, only faults")


def _add_where(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where results go")
    group.add_argument("--format", choices=("jsonl", "json", "csv"), default="jsonl")
    group.add_argument("--output", default="-", metavar="FILE", help="default: - (stdout)")
    after = group.add_mutually_exclusive_group()
    after.add_argument("--append", action="store_true", help="write after what is in FILE")
    after.add_argument(
        "--resume", action="store_true", help="the same, and leave out what FILE has results of"
    )
    group.add_argument(
        "--positions", action="store_true", help="lines of videos say from where, and when in it"
    )
    group.add_argument(
        "--annotate", type=Path, metavar="DIR", help="write pictures and videos with boxes"
    )
    group.add_argument(
        "--debug-images", type=Path, metavar="DIR", help="write each step of reading as a picture"
    )


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a number from 1 on")
    return int(text)


def _read(options: argparse.Namespace) -> int:
    from streamer.reading.batch import Request, read_all
    from streamer.reading.inputs import listed

    start_logging("warning")
    _check(options)
    sources = list(options.sources)
    if options.listed is not None:
        sources += listed(options.listed, nul=options.null)
    return read_all(
        Request(
            sources,
            style=options.format,
            output=options.output,
            begin="append" if options.append else "resume" if options.resume else "anew",
            annotate=options.annotate,
            debug_images=options.debug_images,
            config=options.config,
            workers=options.workers,
            recursive=options.recursive,
            positions=options.positions,
            quiet=options.quiet,
        )
    )


def _check(options: argparse.Namespace) -> None:
    """What argparse cannot say. Raises UserError."""
    if not options.sources and options.listed is None:
        raise UserError("nothing to read: name pictures, folders, videos or URLs, or --from FILE")
    if options.listed == "-" and "-" in options.sources:
        raise UserError("standard input is a picture (-) or a list (--from -), not both")
    if options.null and options.listed is None:
        raise UserError("-0 is about the list that --from names")
    option = "--append" if options.append else "--resume" if options.resume else None
    if option and options.output == "-":
        raise UserError(f"{option} needs a file: --output FILE")
    if option and options.format == "json":
        raise UserError(f"{option}: nothing follows a JSON array; use --format jsonl or csv")
