"""Every command and every configuration in the pages is one that the program takes."""

import re
import shlex
from pathlib import Path

import pytest

from streamer import yaml12
from streamer.app import PARTS
from streamer.cli import command_line
from streamer.commands.teaching import commands_of
from streamer.config import ConfigError, parse_config
from streamer.errors import UserError

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
}
COMMANDS = {words: parser for words, parser in commands_of(command_line()) if words}
SECTIONS = {"cameras", "formats", "metrics", "log", *PARTS.chosen, *PARTS.plain, *PARTS.several}
SECTIONS |= {*PARTS.listed}

CALL = re.compile(r"(?:^|\s|/)plate-streamer (?=[a-z])(.*)")
END = {"<", "&", "&&", "|", ";", ">", ">>", "2>"}


def without_blocks(text):
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)


def blocks(text, language):
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def calls(text):
    """The words behind `plate-streamer`, of each line of a shell's block that calls it."""
    for block in blocks(text, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            found = CALL.search(line.partition(" #")[0])
            if found:
                words = shlex.split(found[1].replace("'", "") if "sh -c" in block else found[1])
                ends = [at for at, word in enumerate(words) if word in END or word.endswith("&&")]
                yield words[: ends[0]] if ends else words


def spans(text):
    """The same of code within a sentence, which may leave out what it is not about."""
    for span in re.findall(r"`([^`\n]+)`", without_blocks(text)):
        words = span.removeprefix("plate-streamer ").split()
        if span.startswith(("plate-streamer ", "train ", "evaluate ")) and words[0].islower():
            yield words


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_understood(page, capsys):
    for words in calls(PAGES[page]):
        try:
            command_line().parse_args(words)
        except SystemExit:
            pytest.fail(f"{' '.join(words)}: {capsys.readouterr().err.splitlines()[-1]}")


def test_there_are_commands():
    assert len([words for text in PAGES.values() for words in calls(text)]) > 50


@pytest.mark.parametrize("page", PAGES)
def test_commands_within_sentences_have_these_options(page):
    for words in spans(PAGES[page]):
        named = [word for word in words[:2] if re.fullmatch(r"[a-z-]+", word) and word[0] != "-"]
        name = " ".join(named if words[0] in {"train", "evaluate"} else words[:1])
        assert name in COMMANDS, f"no such command: {name}"
        known = COMMANDS[name]._option_string_actions
        for word in words:
            assert not word.startswith("--") or word in known, f"{name} has no {word}"


def configurations(text):
    """Blocks, and pieces within sentences: mappings of nothing but sections of ours."""
    pieces = re.findall(r"`(\w+: [^`\n]+)`", without_blocks(text))
    whole = [one for one in pieces if "…" not in one and not ONLY_NAMED.search(one)]
    for piece in [*blocks(text, "yaml"), *whole]:
        try:
            given = yaml12.load(piece, "page")[0]
        except UserError:
            continue
        if isinstance(given, dict) and set(given) <= SECTIONS:
            yield piece


CAMERAS = "cameras: [{name: gate-in, url: 'synthetic:'}, {name: gate-out, url: 'synthetic:'}]\n"
ONLY_NAMED = re.compile(r"\{[\w, ]+\}")  # detector: {size}
RIGHT_WHERE_THE_FILES_ARE = re.compile(
    r"no such file|cannot be read"
    r"|password of 'bert' is no whole hash"  # it is cut short in the page
    r"|'None' has no attribute 'verdict'"  # the page says so, and how to mend it
)


@pytest.mark.parametrize("page", PAGES)
def test_configurations_are_good(page, monkeypatch):
    for piece in configurations(PAGES[page]):
        for name in re.findall(r"\$\{(\w+)\}", piece):
            monkeypatch.setenv(name, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        monkeypatch.setenv("CHAT_URL", "https://chat.example/hook")
        try:
            parse_config(piece if piece.startswith("cameras:") else CAMERAS + piece, PARTS, "page")
        except ConfigError as error:
            wrong = [one for one in error.faults if not RIGHT_WHERE_THE_FILES_ARE.search(one)]
            assert not wrong, piece


def test_there_are_configurations():
    assert len([one for text in PAGES.values() for one in configurations(text)]) > 30
