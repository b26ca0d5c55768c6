"""Files elsewhere: in a bucket, in another folder, and where nobody answers."""

import gc
import socket
import subprocess
import sys
import time

import pytest

from s3_server import S3Server, silent_server, waited_for
from streamer.sinks import remote as module
from streamer.sinks.remote import Remote, RemoteError, url_fault

DAY = "2026-01-02"
NAME = f"{DAY}/0191f2d0-1111-7222-8333-444455556666.jpg"
CROP = NAME.replace(".jpg", "-crop.jpg")


@pytest.fixture(scope="module")
def s3():
    with S3Server() as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def _cleared_up():
    yield
    gc.collect()  # here, not in the middle of something else: see Remote._drop


@pytest.mark.parametrize("kind", ["s3", "memory", "file"])
def test_what_was_put_is_there_until_it_is_deleted(kind, tmp_path, request):
    if kind == "s3":
        s3 = request.getfixturevalue("s3")
        remote = Remote(s3.pictures_url, s3.options)
    else:
        where = "memory://gate/north/" if kind == "memory" else f"file://{tmp_path}/nas/gate"
        remote = Remote(where, {})
    assert remote.get(NAME) is None
    remote.put({NAME: b"frame", CROP: b"crop"})
    remote.put({NAME: b"frame again"})
    assert (remote.get(NAME), remote.get(CROP)) == (b"frame again", b"crop")
    remote.delete(NAME)
    remote.delete(NAME)
    assert (remote.get(NAME), remote.get(CROP)) == (None, b"crop")


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("/srv/pictures", "should be a URL like s3://bucket/prefix"),
        ("s3:///north", "names no bucket"),
        ("s3://b/x?versionId=1", "without ? and #"),
        ("s3://a::b", "should be a URL like"),
        ("s3x://bucket", "pictures cannot be put to s3x://; did you mean 's3'?"),
        ("http://h/x", "pictures cannot be put to http://"),
        ("ftp://me:pa55word@h/x", "holds a login, and every event would tell it"),
        ("memory://x", None),
        ("file:///mnt/x", None),
        ("s3://bucket/north", None),
    ],
)
def test_urls_that_cannot_work_are_told_apart(url, fault):
    found = url_fault(url)
    assert (fault is None and found is None) or (found and fault in found)
    assert "pa55word" not in (found or "")


def test_a_driver_that_is_not_installed_is_named(tmp_path):
    config = tmp_path / "gate.yaml"
    config.write_text(
        "cameras: [{name: gate, url: 'synthetic:'}]\nstore:\n  pictures_url: s3://bucket\n"
    )
    program = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from streamer.cli import main; sys.exit(main(['check-config', sys.argv[1]]))"
    )
    words = [sys.executable, "-c", program, str(config)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == (
        f"plate-streamer: {config}:3: store.pictures_url: s3:// needs a driver that is not"
        " installed: pip install 'plate-streamer[s3]'"
    )


def test_no_driver_is_loaded_for_pictures_that_stay_here():
    program = (
        "import sys, streamer.app; from streamer.app import default_config, build_daemon\n"
        "build_daemon(default_config('synthetic:'))\n"
        "assert not {'fsspec', 's3fs'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_wrong_bucket_is_said_and_none_is_made(s3):
    remote = Remote("s3://no-such-bucket-of-ours/x", s3.options)
    for does in (lambda: remote.put({NAME: b"x"}), lambda: remote.delete(NAME)):
        with pytest.raises(RemoteError, match="no such bucket or folder"):
            does()
    assert remote.get(NAME) is None


def test_a_refused_login_is_said_without_its_secrets_and_heals(s3):
    remote = Remote(s3.pictures_url, s3.options)
    remote.put({NAME: b"x"})
    with s3.refusing_everybody():
        for does in (lambda: remote.put({NAME: b"x"}), lambda: remote.get(NAME)):
            with pytest.raises(RemoteError, match="not allowed") as caught:
                does()
            assert not any(one in str(caught.value) for one in (s3.options["secret"], NAME))
    assert remote.get(NAME) == b"x"


def test_a_login_may_come_from_the_environment_and_later(s3, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    remote = Remote(s3.pictures_url, {"endpoint_url": s3.url})
    with pytest.raises(RemoteError, match="Unable to locate credentials"):
        remote.put({NAME: b"x"})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.options["key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.options["secret"])
    remote.put({NAME: b"from the environment"})
    assert remote.get(NAME) == b"from the environment"


def test_secrets_are_left_out_of_whatever_a_driver_says():
    options = {"client_kwargs": {"aws_secret_access_key": "s3cr3t-of-ours"}, "key": "AKIAOURS"}
    remote = Remote("s3://b/x", options)
    said = remote._explained(OSError(f"AKIAOURS s3cr3t-of-ours http://u:p@h/{NAME} failed"))
    assert said == "failed (*** *** the picture failed)"


def test_who_does_not_answer_is_waited_for_no_longer_than_allowed(monkeypatch):
    for limit in ("PUT_S", "ASK_S"):
        monkeypatch.setattr(module, limit, 2.0)
    with silent_server() as url:
        remote = Remote("s3://b/x", {"endpoint_url": url, "key": "k", "secret": "s"})
        for does in (lambda: remote.put({NAME: b"x"}), lambda: remote.get(NAME)):
            begun = time.monotonic()
            with pytest.raises(RemoteError, match="s3://b/x: no answer in time"):
                does()
            assert 1.0 < time.monotonic() - begun < 9  # once, not once for each of five tries


def test_a_name_server_that_does_not_answer_keeps_nobody_from_ending(monkeypatch):
    asked, before = [], waited_for()

    def ask(*words, **_):
        asked.append(words[0])
        time.sleep(1.0)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    monkeypatch.setitem(module.S3_LIMITS, "connect_timeout", 0.3)
    options = {"endpoint_url": "http://store.example.invalid", "key": "k", "secret": "s"}
    with pytest.raises(RemoteError):
        Remote("s3://b/x", options).put({NAME: b"x"})
    assert asked
    assert [one for one in waited_for() if one not in before] == []
