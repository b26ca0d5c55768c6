"""The completion scripts, in the shells that read them."""

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from streamer.cli import main
from tools import require_tool


@pytest.fixture
def script(capsys, tmp_path):
    """Writes the script of a shell, and gives its path."""

    def write(shell):
        assert main(["completion", shell]) == 0
        path = tmp_path / f"completion.{shell}"
        path.write_text(capsys.readouterr().out)
        return path

    return write


@pytest.fixture
def folder(tmp_path):
    """A folder to complete files of."""
    here = tmp_path / "here"
    (here / "holiday").mkdir(parents=True)
    (here / "gate.yaml").touch()
    return here


class Typed:
    """A shell at a terminal, that somebody types into."""

    def __init__(self, words, folder, **environment):
        pid, self._fd = pty.fork()
        if pid == 0:
            os.chdir(folder)
            keep = {"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(folder)}
            os.execvpe(words[0], words, keep | environment)
        self._pid = pid

    def type(self, text, until, within_s=90.0):
        """What the terminal shows after `text`, once `until` is in it."""
        os.write(self._fd, text.encode())
        shown, end = "", time.monotonic() + within_s
        while until not in shown:
            left = end - time.monotonic()
            ready = select.select([self._fd], [], [], max(left, 0))[0]
            assert ready, f"{until!r} did not come; shown: {shown!r}"
            shown += os.read(self._fd, 4096).decode(errors="replace")
        return shown

    def close(self):
        os.close(self._fd)
        os.waitpid(self._pid, 0)


@pytest.fixture
def bash(script, folder):
    require_tool("bash")
    shell = Typed(["bash", "--norc", "--noprofile", "-i"], folder, PS1="ready> ")
    shell.type(f"source {script('bash')}; echo so''urced\n", "\r\nsourced")
    yield shell
    shell.close()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("plate-streamer che\t", "plate-streamer check-config "),
        ("plate-streamer train import-v\t", "plate-streamer train import-voc "),
        ("plate-streamer read --ann\t", "plate-streamer read --annotate "),
        ("plate-streamer read --format c\t", "plate-streamer read --format csv "),
        ("plate-streamer run gat\t", "plate-streamer run gate.yaml "),
        ("plate-streamer read hol\t", "plate-streamer read holiday/"),
        ("plate-streamer completion z\t", "plate-streamer completion zsh "),
    ],
)
def test_bash_completes(bash, typed, completed):
    bash.type(typed, completed)


def test_bash_shows_what_there_is(bash):
    shown = bash.type("plate-streamer evaluate \t\t", "passages")
    assert {"detector", "reader", "passages"} <= set(re.findall(r"[\w-]+", shown))


@pytest.fixture
def zsh(script, folder):
    require_tool("zsh")
    shell = Typed(["zsh", "-f", "-i"], folder, PS1="ready> ")
    functions = folder.parent / "zfunc"
    functions.mkdir()
    script("zsh").rename(functions / "_plate-streamer")
    found = f"fpath=({functions} $fpath); autoload -Uz compinit && compinit -u -D; echo in''it\n"
    shell.type(found, "\r\ninit")
    yield shell
    shell.close()


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("plate-streamer che\t", "ck-config"),
        ("plate-streamer train import-v\t", "oc"),
        ("plate-streamer run gat\t", "e.yaml"),
    ],
)
def test_zsh_completes(zsh, typed, rest):
    zsh.type(typed, rest)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("plate-streamer che", {"check-config"}),
        ("plate-streamer train import", {"import-voc", "import-yolo", "import-coco"}),
        ("plate-streamer read --ann", {"--annotate"}),
    ],
)
def test_fish_completes(script, folder, line, offered):
    fish = require_tool("fish")
    asked = [fish, "--no-config", "-c", f"source {script('fish')}; complete -C '{line}'"]
    done = subprocess.run(
        asked, capture_output=True, check=False, text=True, cwd=folder, timeout=120
    )
    assert {answer.split("\t")[0] for answer in done.stdout.splitlines()} == offered, done.stderr


def test_no_shell_by_that_name(capsys):
    with pytest.raises(SystemExit):
        main(["completion", "cmd"])
    assert "choose from 'bash', 'zsh', 'fish'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["completion", "bash"]])
def test_help_and_completion_load_no_heavy_library(words):
    """Each would cost tenths of a second; numpy alone is loaded, by models.base."""
    code = (
        "import sys, streamer.cli\n"
        f"try: streamer.cli.main({words!r})\n"
        "except SystemExit: pass\n"
        "print(*(sorted({one.split('.')[0] for one in sys.modules})), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    heavy = {"cv2", "av", "torch", "onnxruntime", "fastapi", "sqlalchemy", "scipy", "pydantic"}
    loaded = set(done.stderr.split())
    assert "streamer" in loaded
    assert not heavy & loaded
