import io
import os
import sys

import cv2
import numpy as np
import pytest

from streamer.errors import UserError
from streamer.reading.inputs import Input, inputs, listed

FILES = [
    "10.jpg", "9.jpg", "clip.mp4", "notes.txt", ".hidden.jpg", "._9.jpg",
    "deep/a.png", "deep/deeper/b.webp", ".git/c.jpg", "drawn/9.jpg",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in FILES:
        path = tmp_path / "f" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*sources, **more):
    faults = []
    found = inputs(sources, faults.append, **more)
    return [one.name for one in found], [str(fault) for fault in faults]


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        (["f"], ["f/9.jpg", "f/10.jpg", "f/clip.mp4"]),
        (["f/*.jpg"], ["f/9.jpg", "f/10.jpg"]),
        (["f/*"], ["f/9.jpg", "f/10.jpg", "f/clip.mp4"]),
        (["f/**/*.png"], ["f/deep/a.png"]),
        (["f/10.jpg", "f/9.jpg"], ["f/10.jpg", "f/9.jpg"]),
        (["f/10.jpg", "f"], ["f/10.jpg", "f/9.jpg", "f/10.jpg", "f/clip.mp4"]),
        (["gone.jpg"], ["gone.jpg"]),  # whoever reads it says that it is gone
        (["file:f/9.jpg"], ["f/9.jpg"]),
        (["http://u:p@cam/a.jpg?x=1"], ["http://***@cam/a.jpg?x=1"]),
        (["rtsp://u:p@cam/s"], ["rtsp://***@cam/s"]),
        (["webcam:0"], ["webcam:0"]),
    ],
)
def test_what_sources_stand_for(folder, sources, found):
    assert names(*sources) == (found, [])


def test_folders_below_are_looked_into_if_asked_and_not_what_we_write_there(folder):
    below = ["f/9.jpg", "f/10.jpg", "f/clip.mp4", "f/deep/a.png", "f/deep/deeper/b.webp"]
    assert names("f", recursive=True, leave_out=folder / "f/drawn") == (below, [])
    assert "f/drawn/9.jpg" in names("f", recursive=True)[0]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("f/*.gif", "f/*.gif: no picture or video found; known: .jpg"),
        ("rtps://cam", "no such source 'rtps'"),
        ("webcam:x", "webcam:x: should be a number or a device"),
    ],
)
def test_what_stands_for_nothing_is_told_and_the_rest_is_found(folder, source, says):
    found, faults = names(source, "f/9.jpg")
    assert found == ["f/9.jpg"]
    assert len(faults) == 1
    assert says in faults[0]


def test_kinds_are_told_by_name_else_by_content(folder):
    jpeg = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    (folder / "upload").write_bytes(jpeg)
    (folder / "other").write_bytes(b"no picture")
    found = inputs(["upload", "other", "f/clip.mp4"], pytest.fail)
    assert [one.kind for one in found] == ["picture", "video", "video"]


def test_a_name_with_brackets_is_a_file_if_there_is_one(folder):
    (folder / "a [1].jpg").write_bytes(b"x")
    assert names("a [1].jpg") == (["a [1].jpg"], [])


@pytest.mark.parametrize(
    ("place", "stem"),
    [
        ("a/car 1.jpg", "car 1"),
        ("http://cam/snap.cgi?pw=1#x", "snap"),
        ("webcam:0", "webcam:0"),
        ("rtsp://cam/stream1", "stream1"),
    ],
)
def test_files_about_it_are_called_after_it(place, stem):
    assert Input(place, place, "picture").stem == stem


@pytest.mark.parametrize(
    ("content", "nul", "found"),
    [
        (b"a.jpg\nb c.jpg\r\n\n", False, ["a.jpg", "b c.jpg"]),
        (b"a\nb.jpg\0c.jpg\0", True, ["a\nb.jpg", "c.jpg"]),
        (b"\xff.jpg", False, [os.fsdecode(b"\xff.jpg")]),
        (b"", False, []),
    ],
)
def test_lists_of_sources(tmp_path, monkeypatch, content, nul, found):
    (tmp_path / "list").write_bytes(content)
    assert listed(str(tmp_path / "list"), nul=nul) == found
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert listed("-", nul=nul) == found


def test_a_list_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match=r"--from .*: cannot be read: No such file"):
        listed(str(tmp_path / "gone"))
