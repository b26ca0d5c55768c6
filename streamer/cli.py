"""The command line. Results go to stdout; progress, logs and errors to stderr.

Exit codes: 0 done, 1 the daemon failed while running, 2 something the user can mend,
130 interrupted, 143 ended by SIGTERM.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

from models.base import ModelError
from streamer.commands.benchmark import add_benchmark
from streamer.commands.completion import add_completion
from streamer.commands.corners import add_corners
from streamer.commands.dead_letters import add_dead_letters
from streamer.commands.evaluate import add_evaluate
from streamer.commands.evaluate_passages import add_evaluate_passages
from streamer.commands.evaluate_reader import add_evaluate_reader
from streamer.commands.evaluate_truth import add_evaluate_truth
from streamer.commands.export_corrections import add_export_corrections
from streamer.commands.labels import add_labels
from streamer.commands.read import add_read
from streamer.commands.reader import add_reader
from streamer.commands.schemas import add_schemas
from streamer.commands.serve import add_serve
from streamer.commands.teaching import teach
from streamer.commands.train import add_train
from streamer.commands.weights import add_weights
from streamer.errors import UserError
from streamer.logs import start_logging
from streamer.version import VERSION

Command = Callable[[argparse.Namespace], int]
TERMINATED = 128 + signal.SIGTERM


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    options = command_line().parse_args(arguments)
    try:
        command: Command = options.command
        with _ended_in_order():
            return command(options)
    except (UserError, ModelError) as error:
        print(f"plate-streamer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our results has enough (`… | head`); that is no error of ours.
        sys.stderr.close()
        return 0


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM unwinds the stack, as Ctrl-C does: else a training's loaders outlive it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = threading.Event()

    def end(*_: object) -> None:
        asked.set()
        sys.exit(TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except Exception:
        # A module that was just being loaded makes an error of its own out of the exit.
        if asked.is_set():
            sys.exit(TERMINATED)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def command_line() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="plate-streamer",
        description="Reads number plates from cameras: one trustworthy event per vehicle.",
    )
    parser.add_argument("--version", action="version", version=f"plate-streamer {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_check_config(commands)
    _add_demo(commands)
    add_read(partial(_command, commands))
    _add_train(commands)
    _add_evaluate(commands)
    add_benchmark(partial(_command, commands))
    add_weights(partial(_command, commands))
    add_serve(partial(_command, commands))
    add_schemas(partial(_command, commands))
    add_dead_letters(partial(_command, commands))
    add_export_corrections(partial(_command, commands))
    add_completion(partial(_command, commands), parser)
    teach(parser)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _command(commands: Commands, name: str, does: Command, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=does)
    return parser


def _add_run(commands: Commands) -> None:
    parser = _command(commands, "run", _run, "Run the daemon on a configuration.")
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")


def _run(options: argparse.Namespace) -> int:
    from streamer.app import build_daemon, checked

    start_logging("info")
    config = checked(options.config)
    start_logging(config.log.level, config.log.format)
    return build_daemon(config).run()


def _add_check_config(commands: Commands) -> None:
    parser = _command(
        commands,
        "check-config",
        _check_config,
        "Check a configuration, load its detector and reader, and print all errors.",
    )
    parser.add_argument("config", type=Path, metavar="CONFIG.yaml")
    parser.add_argument(
        "--without-models", action="store_true", help="load nothing: quick, and for another machine"
    )


def _check_config(options: argparse.Namespace) -> int:
    from streamer.app import checked
    from streamer.one_camera import faults_of_models

    start_logging("info")
    config = checked(options.config)
    faults = [] if options.without_models else faults_of_models(config)
    if faults:
        raise UserError("\n".join(f"{options.config}: {fault}" for fault in faults))
    names = ", ".join(camera.name for camera in config.cameras)
    sinks = ", ".join(config.sinks) or "the store alone"
    print(f"{options.config}: good; cameras: {names}; events go to: {sinks}", file=sys.stderr)
    return 0


def _add_demo(commands: Commands) -> None:
    parser = _command(
        commands, "demo", _demo, "Run the daemon on a rendered gate; events appear as they come."
    )
    parser.add_argument("--vehicles", type=int, default=5, help="how many pass (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other plates")
    parser.add_argument("--night", action="store_true", help="by night, headlights on")
    parser.add_argument(
        "--fast", action="store_true", help="as fast as it goes, not at 25 a second"
    )
    parser.add_argument("--stay", action="store_true", help="go on showing the portal until Ctrl-C")


def _demo(options: argparse.Namespace) -> int:
    from streamer.commands.demo import run_demo

    start_logging("warning")
    return run_demo(
        vehicles=options.vehicles,
        seed=options.seed,
        night=options.night,
        fast=options.fast,
        stay=options.stay,
    )


def _add_train(commands: Commands) -> None:
    text = "Train on pictures of your own country."
    inner = commands.add_parser("train", help=text, description=text)
    add = partial(_command, inner.add_subparsers(required=True, metavar="WHAT"))
    add_labels(add)
    add_train(add)
    add_corners(add)
    add_reader(add)


def _add_evaluate(commands: Commands) -> None:
    text = "Measure against the truth."
    inner = commands.add_parser("evaluate", help=text, description=text)
    add_evaluate_truth(inner)
    add = partial(_command, inner.add_subparsers(metavar="WHAT"))
    add_evaluate(add)
    add_evaluate_reader(add)
    add_evaluate_passages(add)
