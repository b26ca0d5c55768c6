"""Weights fetched from a real server on loopback, which at times misbehaves."""

import hashlib
import json
import os
import resource
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broker import Certificates
from file_server import FileServer, send
from models.address import parse_address
from models.base import ModelError
from models.detectors.yolo import BUNDLED
from models.download import Limits, default_cache, download, locate
from models.runtime import Session

WEIGHTS = BUNDLED.read_bytes()
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
OTHER = WEIGHTS[::-1]
CARD = BUNDLED.with_suffix(".json").read_bytes()
QUICK = Limits(connect_s=2.0, silence_s=0.3)


@pytest.fixture
def server():
    with FileServer() as server:
        server.files["/plate.onnx"] = WEIGHTS
        yield server


@pytest.fixture
def with_card(server):
    server.files["/plate.json"] = CARD
    return server


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def hashed(server, path="/plate.onnx", sha256=SHA256):
    return f"{server.url}{path}#sha256={sha256}"


def fault(address, cache, limits=QUICK):
    """The one line that a refused address gives; nothing half may be left by it."""
    with pytest.raises(ModelError) as caught:
        download(address, cache=cache, limits=limits)
    text = str(caught.value)
    assert "\n" not in text
    assert not [path for path in files_in(cache) if path.suffix in {".onnx", ".part"}]
    return text


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


def test_none_is_the_bundled_file_and_a_path_is_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(WEIGHTS)
    assert locate(None, bundled=BUNDLED) == BUNDLED
    for given in (mine, str(mine), "~/mine.onnx", Path("~/mine.onnx")):
        assert locate(given, bundled=BUNDLED) == mine
    with pytest.raises(ModelError, match=r"^/no/such\.onnx: no such model file$"):
        locate("/no/such.onnx", bundled=BUNDLED)


def test_by_the_hash_in_the_address(server, cache):
    file = locate(hashed(server), bundled=BUNDLED, cache=cache)
    assert file == cache / "weights" / SHA256[:16] / "plate.onnx"
    assert file.read_bytes() == WEIGHTS
    assert server.asked == ["/plate.onnx"]
    assert files_in(cache) == [file]


def test_by_the_card_which_is_kept_beside_it_and_checked_at_every_load(with_card, cache):
    file = locate(f"{with_card.url}/plate.onnx", bundled=BUNDLED, cache=cache)
    assert file.with_suffix(".json").read_bytes() == CARD
    assert Session(file).inputs[0].name == "images"
    file.write_bytes(OTHER)
    with pytest.raises(ModelError, match="its card plate.json expects"):
        Session(file)


@pytest.mark.parametrize("form", ["{}/plate.onnx", "{}/plate.onnx#sha256=" + SHA256.upper()])
def test_what_is_kept_needs_no_network(with_card, cache, form):
    address = form.format(with_card.url)
    file = download(address, cache=cache)
    with_card.close()
    assert download(address, cache=cache) == file
    assert "cannot be reached" in fault_of(f"{with_card.url}/other.onnx#sha256={SHA256}", cache)


def fault_of(address, cache):
    with pytest.raises(ModelError) as caught:
        download(address, cache=cache, limits=QUICK)
    return str(caught.value)


def test_a_damaged_file_is_fetched_again(with_card, cache):
    for address in (f"{with_card.url}/plate.onnx", hashed(with_card)):
        file = download(address, cache=cache)
        file.write_bytes(WEIGHTS[:1000])
        with file.open("rb") as reading:
            assert download(address, cache=cache).read_bytes() == WEIGHTS
            # Who has the old file open never sees it half replaced.
            assert reading.read() == WEIGHTS[:1000]


def test_a_damaged_card_or_record_is_fetched_again(with_card, cache):
    address = f"{with_card.url}/plate.onnx"
    card = download(address, cache=cache).with_suffix(".json")
    (record,) = files_in(cache / "weights" / "addresses")
    for broken in (card, record):
        broken.write_bytes(b"\xff{")
        Session(download(address, cache=cache))
        assert (card.read_bytes(), record.read_text()[:64]) == (CARD, SHA256)
    assert with_card.asked.count("/plate.onnx") == 1


def test_after_damage_a_card_that_has_changed_is_believed(with_card, cache):
    address = f"{with_card.url}/plate.onnx"
    download(address, cache=cache).unlink()
    with_card.files["/plate.onnx"] = OTHER
    with_card.files["/plate.json"] = json.dumps(
        {"sha256": hashlib.sha256(OTHER).hexdigest()}
    ).encode()
    assert download(address, cache=cache).read_bytes() == OTHER


def test_a_wrong_hash_names_both(with_card, cache):
    with_card.files["/plate.onnx"] = OTHER
    for address, witness in (
        (hashed(with_card), "address"),
        (f"{with_card.url}/plate.onnx", "card"),
    ):
        text = fault(address, cache)
        assert (
            f"sha256 is {hashlib.sha256(OTHER).hexdigest()}; its {witness} expects {SHA256}" in text
        )


def test_neither_hash_nor_card_is_refused_before_anything_is_fetched(server, cache):
    for card in (None, b"<html>", b'{"sha256": "abc"}', b"[" * 100_000, b"x" * 1_000_001):
        server.files["/plate.json"] = card
        text = fault(f"{server.url}/plate.onnx", cache)
        assert ("put #sha256=" in text) or ("larger than 1 MB" in text)
    assert "/plate.onnx" not in server.asked


def test_a_file_that_is_not_there(server, cache):
    assert "/gone.onnx: the server answers 404" in fault(hashed(server, "/gone.onnx"), cache)


def test_a_server_that_hangs_is_given_up(server, cache):
    go_on = threading.Event()
    half = WEIGHTS[: len(WEIGHTS) // 2]

    def silent(_):
        go_on.wait(120)

    def stops_half_way(handler):
        send(handler, half, len(WEIGHTS))
        go_on.wait(120)

    for behaviour in (silent, stops_half_way):
        server.files["/plate.onnx"] = behaviour
        started = time.monotonic()
        assert "cannot be reached (Read timed out" in fault(hashed(server), cache)
        assert time.monotonic() - started < 60
    go_on.set()


def test_a_body_that_breaks_off(server, cache):
    server.files["/plate.onnx"] = lambda handler: send(handler, WEIGHTS[:5000], len(WEIGHTS))
    assert "IncompleteRead(5000 bytes read" in fault(hashed(server), cache)


def test_nobody_there_says_what_to_do(server, cache):
    server.close()
    text = fault(hashed(server), cache)
    assert "[Errno 111] Connection refused): copy the file here by hand and give its path" in text


def test_too_much_is_refused_announced_or_not(server, cache):
    def unannounced(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(WEIGHTS)

    for content in (WEIGHTS, unannounced):
        server.files["/plate.onnx"] = content
        assert "larger than 1 MB" in fault(hashed(server), cache, Limits(size_bytes=1_000_000))
    assert download(hashed(server), cache=cache).read_bytes() == WEIGHTS


def redirect_to(address):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", address)
        handler.end_headers()

    return answer


def test_redirects_are_followed_but_not_onto_an_open_road(server, cache):
    server.files["/old.onnx"] = redirect_to("http://192.0.2.1/plate.onnx")
    assert "192.0.2.1/plate.onnx: what comes over plain http" in fault(
        hashed(server, "/old.onnx"), cache
    )
    server.files["/old.onnx"] = redirect_to("ftp://192.0.2.1/plate.onnx")
    assert "ftp://192.0.2.1" in fault(hashed(server, "/old.onnx"), cache)
    server.files["/old.onnx"] = redirect_to("/plate.onnx")
    assert download(hashed(server, "/old.onnx"), cache=cache).read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://192.0.2.1/plate.onnx", "expected https://"),
        ("http://localhost.example/plate.onnx", "expected https://"),
        ("ftp://192.0.2.1/plate.onnx", "no address"),
        ("https:///plate.onnx", "no address"),
        ("https://[::1/plate.onnx", "no address"),
        ("plate.onnx", "no address"),
        ("https://192.0.2.1/plate.pt", "weights are ONNX files"),
        ("https://192.0.2.1/.onnx", "weights are ONNX files"),
        ("https://192.0.2.1/plate.onnx#sha256=12", "64 hexadecimal digits"),
        ("https://192.0.2.1/plate.onnx#md5=" + "0" * 64, "64 hexadecimal digits"),
        ("hf:plate.onnx", "hf:owner/repo/file.onnx"),
        ("hf:owner/repo", "hf:owner/repo/file.onnx"),
        ("hf:owner/repo/plate.bin@v1", "weights are ONNX files"),
    ],
)
def test_what_is_no_address_is_refused_without_a_network(cache, address, says):
    assert says in fault(address, cache)


def test_passwords_and_signatures_are_not_shown(server, cache):
    server.close()
    address = hashed(server, "/plate.onnx?signature=s3cret").replace("http://", "http://me:s3cret@")
    assert "s3cret" not in fault(address, cache)
    for wrong in (
        "https://me:s3cret@192.0.2.1/plate.pt?key=s3cret",
        "ftp://me:s3cret@h/plate.onnx",
    ):
        assert "s3cret" not in fault(wrong, cache)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("hf:owner/repo/plate.onnx", "/owner/repo/resolve/main/plate.onnx"),
        ("hf:o-1/r.2/a b/plate.onnx@refs/pr/1", "/o-1/r.2/resolve/refs%2Fpr%2F1/a%20b/plate.onnx"),
    ],
)
def test_a_name_on_the_hub(server, cache, monkeypatch, name, path):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert parse_address(name).url == f"https://huggingface.co{path}"
    monkeypatch.setenv("HF_ENDPOINT", f"{server.url}/")
    server.files[path] = WEIGHTS
    server.files[path.replace(".onnx", ".json")] = CARD
    file = download(name, cache=cache)
    assert file.read_bytes() == WEIGHTS
    monkeypatch.setenv("HF_ENDPOINT", "https://192.0.2.1")
    assert download(name, cache=cache) == file


def test_over_tls_by_whom_the_machine_trusts(tmp_path, cache, monkeypatch):
    papers = Certificates(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(papers.cert, papers.key)
    with FileServer(tls) as server:
        server.files["/plate.onnx"] = WEIGHTS
        assert "certificate verify failed" in fault(hashed(server), cache)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(papers.ca))
        assert download(hashed(server), cache=cache).read_bytes() == WEIGHTS


def test_two_at_once_do_not_disturb_each_other(server, cache):
    both_ask = threading.Barrier(2, timeout=60)

    def together(handler):
        both_ask.wait()
        send(handler, WEIGHTS)

    server.files["/plate.onnx"] = together
    program = (
        "import sys; from models.download import download; "
        "from pathlib import Path; print(download(sys.argv[1], cache=Path(sys.argv[2])))"
    )
    words = [sys.executable, "-c", program, hashed(server), str(cache)]
    processes = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {process.communicate(timeout=400)[0].strip() for process in processes}
    (file,) = files_in(cache)
    assert paths == {str(file)}
    assert file.read_bytes() == WEIGHTS


def test_many_threads_at_once(with_card, cache):
    with ThreadPoolExecutor(4) as pool:
        found = set(
            pool.map(lambda _: download(f"{with_card.url}/plate.onnx", cache=cache), range(4))
        )
    (file,) = found
    assert file.read_bytes() == WEIGHTS
    assert not list(cache.rglob("*.part"))


def test_a_cache_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "file").write_text("")
    for cache in (tmp_path / "file" / "cache", Path("/proc/no")):
        text = fault(hashed(server), cache)
        assert text.startswith(f"{cache}/weights: weights cannot be kept there (")
        assert "PLATE_STREAMER_CACHE" in text


def test_a_disk_that_fills_half_way_leaves_nothing(server, cache):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(WEIGHTS) // 2, before[1]))
    try:
        text = fault(hashed(server), cache)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "weights cannot be kept there (File too large)" in text


def test_what_a_killed_process_left_is_swept_away_but_not_what_another_writes(server, cache):
    file = download(hashed(server), cache=cache)
    left, growing = file.with_name("plate.onnx.1.part"), file.with_name("plate.onnx.2.part")
    left.write_bytes(b"half")
    growing.write_bytes(b"half")
    os.utime(left, (time.time() - 7200,) * 2)
    file.unlink()
    download(hashed(server), cache=cache)
    assert sorted(files_in(cache)) == [file, growing]


def test_where_files_are_kept(monkeypatch):
    for name in ("PLATE_STREAMER_CACHE", "CACHE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somebody/.cache")
    pytest.importorskip("platformdirs")
    assert default_cache() == Path("/somebody/.cache/plate-streamer")
    monkeypatch.setenv("CACHE_DIRECTORY", "/var/cache/plate-streamer:/var/cache/more")
    assert default_cache() == Path("/var/cache/plate-streamer")
    monkeypatch.setenv("PLATE_STREAMER_CACHE", "/data/a:b")
    assert default_cache() == Path("/data/a:b")
