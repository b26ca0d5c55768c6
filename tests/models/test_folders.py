"""Models of several files, fetched from a real server on loopback."""

import hashlib
import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from file_server import FileServer, send
from models.address import is_folder, parse_folder
from models.base import ModelError
from models.download import Limits
from models.folders import fetch_folder, hash_of
from models.readers.paddle import files_for
from streamer.cli import main

PADDLE = {
    "inference.json": b"{}",
    "inference.pdiparams": b"\x01" * 70_000,
    "inference.yml": b"a: 1",
}
OLDER = {"inference.pdmodel": b"older", "inference.pdiparams": b"\x02", "inference.yml": b"a: 2"}
ONNX = {"inference.onnx": b"onnx", "inference.yml": b"a: 3"}
QUICK = Limits(connect_s=2.0, silence_s=0.3)


def hash_by_hand(files):
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def put(server, files, folder="/model/"):
    server.files.update({folder + name: content for name, content in files.items()})


@pytest.fixture
def server():
    with FileServer() as server:
        put(server, PADDLE)
        yield server


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def address_of(server, files=PADDLE, folder="/model/"):
    return f"{server.url}{folder}#sha256={hash_by_hand(files)}"


def fetch(address, cache, engine=None, limits=QUICK):
    return fetch_folder(address, files_for(engine), cache=cache, limits=limits)


def fault(address, cache, engine=None, limits=QUICK):
    """The one line that a refused address gives; nothing half may be left by it."""
    with pytest.raises(ModelError) as caught:
        fetch(address, cache, engine, limits)
    assert "\n" not in str(caught.value)
    assert not list(cache.rglob("*.part"))
    return str(caught.value)


def content(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("there", "engine", "taken"),
    [
        ([PADDLE], None, PADDLE),
        ([OLDER], None, OLDER),
        ([ONNX], None, ONNX),
        ([ONNX, PADDLE], None, None),
        ([ONNX, PADDLE], "paddle", None),
        ([ONNX, OLDER], "onnxruntime", None),
    ],
)
def test_the_files_that_an_engine_runs_are_fetched(cache, there, engine, taken):
    with FileServer() as server:
        for files in there:
            put(server, files)
        names = taken or (ONNX if engine == "onnxruntime" else PADDLE)
        wanted = {name: server.files["/model/" + name] for name in names}
        folder = fetch(address_of(server, wanted), cache, engine)
        assert content(folder) == wanted
        assert folder == cache / "weights" / hash_by_hand(wanted)[:16]


def test_what_is_kept_needs_no_network(server, cache):
    folder = fetch(address_of(server), cache)
    server.close()
    assert fetch(address_of(server), cache) == folder


def test_the_hash_is_what_sha256sum_says(server, cache):
    folder = fetch(address_of(server), cache)
    words = "sha256sum inference.json inference.pdiparams inference.yml | sha256sum"
    done = subprocess.run(["sh", "-c", words], cwd=folder, capture_output=True, check=True)
    assert done.stdout.split()[0].decode() == hash_by_hand(PADDLE) == hash_of(folder, [*PADDLE])
    assert hash_of(folder, [*ONNX]) is None


def test_without_a_hash_it_is_kept_but_refused_with_the_hash_that_it_has(server, cache):
    text = fault(f"{server.url}/model/", cache)
    address = text.split()[-1]
    assert address == address_of(server)
    assert "has no hash" in text
    server.close()
    assert content(fetch(address, cache)) == PADDLE


def test_a_wrong_hash_names_both_and_keeps_nothing(server, cache):
    text = fault(f"{server.url}/model/#sha256={'0' * 64}", cache)
    assert f"sha256 of its files is {hash_by_hand(PADDLE)}; its address expects 000" in text
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_damage_is_mended(server, cache):
    folder = fetch(address_of(server), cache)
    (folder / "inference.yml").write_bytes(b"b: 1")
    assert content(fetch(address_of(server), cache)) == PADDLE
    (folder / "inference.json").unlink()
    assert content(fetch(address_of(server), cache)) == PADDLE


def test_a_folder_without_a_model_says_what_should_be_there(server, cache):
    text = fault(f"{server.url}/none/", cache)
    assert "the server answers 404" in text
    assert "inference.onnx with inference.yml" in text
    del server.files["/model/inference.pdiparams"]
    assert "inference.pdiparams: the server answers 404" in fault(address_of(server), cache)


def test_nobody_there_says_what_to_do(server, cache):
    server.close()
    text = fault(address_of(server), cache)
    assert "cannot be reached" in text
    assert "copy the file here by hand and give its path" in text


def test_a_server_that_hangs_or_breaks_off_is_given_up(server, cache):
    go_on = threading.Event()

    def half(handler):
        send(handler, b"half", 70_000)

    def silent(handler):
        go_on.wait(120)

    for behaviour in (half, silent):
        server.files["/model/inference.pdiparams"] = behaviour
        started = time.monotonic()
        assert "cannot be reached" in fault(address_of(server), cache)
        assert time.monotonic() - started < 60
    go_on.set()


def test_too_much_is_refused(server, cache):
    assert "larger than" in fault(address_of(server), cache, limits=Limits(size_bytes=1000))


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://192.0.2.1/model/", "expected https://"),
        ("ftp://192.0.2.1/model/", "no address"),
        ("https://192.0.2.1/plate.onnx", "no folder of a model"),
        ("https://192.0.2.1/model/?key=s3cret", "no folder of a model"),
        ("https://192.0.2.1/model/#sha256=12", "64 hexadecimal digits"),
        ("hf:repo", "should be hf:owner/repo"),
        ("hf:", "should be hf:owner/repo"),
    ],
)
def test_what_is_no_address_of_a_folder_is_refused_without_a_network(cache, address, says):
    text = fault(address, cache)
    assert says in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("hf:owner/repo", "/owner/repo/resolve/main/"),
        ("hf:owner/repo@v1", "/owner/repo/resolve/v1/"),
        ("hf:o-1/r.2/a b/@refs/pr/1", "/o-1/r.2/resolve/refs%2Fpr%2F1/a%20b/"),
        ("hf:owner/repo/folder", "/owner/repo/resolve/main/folder/"),
    ],
)
def test_a_name_on_the_hub(server, cache, monkeypatch, name, path):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert parse_folder(name).url == f"https://huggingface.co{path}"
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    put(server, ONNX, path)
    assert content(fetch(f"{name}#sha256={hash_by_hand(ONNX)}", cache)) == ONNX


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("hf:owner/repo", True),
        ("hf:owner/repo.v2@v1#sha256=00", True),
        ("hf:owner/repo/folder/", True),
        ("https://192.0.2.1/folder/", True),
        ("hf:owner/repo/file.onnx", False),
        ("https://192.0.2.1/file.onnx@v1", False),
        ("https://192.0.2.1/file.pt", False),
        ("folder/", False),
    ],
)
def test_what_is_meant_as_a_folder(text, folder):
    assert is_folder(text) is folder


def test_many_at_once_do_not_disturb_each_other(server, cache):
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: fetch(address_of(server), cache), range(4)))
    (folder,) = found
    assert content(folder) == PADDLE
    assert not list(cache.rglob("*.part"))


def test_what_a_killed_process_left_is_swept_away_but_not_what_another_writes(server, cache):
    left, growing = cache / "weights" / "1.part", cache / "weights" / "2.part"
    for part in (left, growing):
        part.mkdir(parents=True)
        (part / "inference.yml").write_bytes(b"half")
    os.utime(left, (time.time() - 7200,) * 2)
    fetch(address_of(server), cache)
    assert (left.exists(), growing.exists()) == (False, True)


def test_a_cache_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="PLATE_STREAMER_CACHE"):
        fetch(address_of(server), tmp_path / "file" / "cache")


def test_it_can_be_fetched_beforehand(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PLATE_STREAMER_CACHE", str(tmp_path))
    assert main(["weights", address_of(server)]) == 0
    path = capsys.readouterr().out.strip()
    assert path == str(tmp_path / "weights" / hash_by_hand(PADDLE)[:16])
    assert main(["weights", f"{server.url}/model/"]) == 2
    assert address_of(server) in capsys.readouterr().err
