"""The real Tesseract, on rendered plates; where it is not installed these tests skip."""

import importlib.util
import os
import stat
import xml.etree.ElementTree as ET

import cv2
import numpy as np
import pytest

from models.base import ModelError
from models.readers import tesseract
from models.readers.tesseract import TesseractReader, line_of, pages_of
from models.training.plates import LAYOUTS, bare, draw_plate
from tools import require_tool

LAYOUT = {layout.name: layout for layout in LAYOUTS}

PLATES = [
    ("eu", "AB 123 CD"),
    ("white", "KL31 ABC"),
    ("yellow plain", "LR53 KHN"),
    ("black", "BPX 472"),
    ("white two lines", "AB 12/CD 345"),
]


@pytest.fixture(scope="module")
def program():
    if importlib.util.find_spec("pytesseract") is None:
        pytest.skip("pytesseract is not installed here: pip install '.[tesseract]'")
    return require_tool("tesseract")


@pytest.fixture(scope="module")
def reader(program):
    return TesseractReader()


def plate(name, text, width=200):
    image = draw_plate(np.random.default_rng(5), LAYOUT[name], text)
    height = round(width * image.shape[0] / image.shape[1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def script(folder, *lines):
    """A program that does as it is told instead of reading."""
    file = folder / "tesseract"
    file.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    file.chmod(file.stat().st_mode | stat.S_IEXEC)
    return str(file)


KNOWN = 'case "$*" in *list-langs*) echo "List of languages (1):"; echo eng; exit 0;; esac'


def test_rendered_plates_are_read_in_order_and_in_rows(reader):
    pairs = [(pair, width) for width in (180, 320) for pair in PLATES]
    readings = reader.read([plate(*pair, width) for pair, width in pairs])
    rows = [tuple(bare(row) for row in text.split("/")) for (_, text), _ in pairs]
    assert [one.lines for one in readings] == rows
    assert [one.text for one in readings] == ["".join(one) for one in rows]
    for one in readings:
        assert len(one.confidences) == len(one.text)
        assert all(0 <= confidence <= 1 for confidence in one.confidences)


def test_confidences_are_high_where_the_plate_is_clear_and_lower_where_it_is_not(reader):
    clear = plate("white", "KL31 ABC", 300)
    vague = cv2.GaussianBlur(clear, (0, 0), 6)
    sharp, blurred = reader.read([clear, vague])
    assert min(sharp.confidences) > 0.8
    assert np.mean(blurred.confidences or 0) < np.mean(sharp.confidences) - 0.1


def test_all_crops_of_a_call_are_read_by_few_processes(reader, monkeypatch):
    calls = []
    run = TesseractReader._run
    monkeypatch.setattr(
        TesseractReader, "_run", lambda self, list_: calls.append(list_) or run(self, list_)
    )
    assert len(reader.read([plate(*pair) for pair in PLATES] * 2)) == 10
    assert len(calls) <= 2  # the rows, and the whole crops where these left doubt
    assert not any(path.parent.exists() for path in calls)


def test_nothing_legible_is_an_empty_reading(reader):
    (reading,) = reader.read([np.full((50, 200, 3), 128, np.uint8)])
    assert (reading.text, reading.confidences, reading.lines) == ("", (), ())


def refused(folder, *lines, timeout_s=60.0):
    reader = TesseractReader(binary=script(folder, KNOWN, *lines), timeout_s=timeout_s)
    with pytest.raises(ModelError) as caught:
        reader.read([plate("eu", "AB 123 CD")])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_program_takes_one_core_and_nobody_else_is_told_to(program, tmp_path, monkeypatch):
    """Under such a limit in its own environment torch hangs, and native code crashes."""
    monkeypatch.delenv("OMP_THREAD_LIMIT", raising=False)
    assert "limit is 1" in refused(tmp_path, 'echo "limit is $OMP_THREAD_LIMIT" >&2', "exit 3")
    assert "OMP_THREAD_LIMIT" not in os.environ
    monkeypatch.setenv("OMP_THREAD_LIMIT", "3")
    assert "limit is 3" in refused(tmp_path, 'echo "limit is $OMP_THREAD_LIMIT" >&2', "exit 3")


def test_the_program_may_lie_elsewhere(program, tmp_path):
    (tmp_path / "mine").symlink_to(program)
    other = TesseractReader(binary=str(tmp_path / "mine"), psm=6, timeout_s=60)
    assert other.read([plate("eu", "AB 123 CD", 300)])[0].text == "AB123CD"


def test_an_absent_library_or_program_says_how_to_install_it(monkeypatch):
    if importlib.util.find_spec("pytesseract"):
        with pytest.raises(ModelError, match=r"^/no/such: no such program: apt install"):
            TesseractReader(binary="/no/such")
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(ModelError, match=r"^tesseract: no such program: apt install"):
            TesseractReader()
    monkeypatch.setattr(tesseract, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'plate-streamer\[tesseract\]'"):
        TesseractReader()


def test_an_absent_language_is_named_with_those_that_are_there(program):
    for language in ("xyz", "eng+xyz", "eng; rm"):
        with pytest.raises(ModelError, match=r"no language '.*'; known: eng") as caught:
            TesseractReader(language=language)
        assert "\n" not in str(caught.value)


def test_a_program_that_fails_is_quoted_in_one_line(program, tmp_path):
    text = refused(tmp_path, "echo warned >&2", "echo no memory >&2", "exit 3")
    assert text.startswith(f"{tmp_path}/tesseract: ")
    assert "no memory" in text


def test_a_program_that_hangs_is_given_up(program, tmp_path):
    assert "timeout" in refused(tmp_path, "exec sleep 20", timeout_s=0.3)


def test_output_that_is_none_is_refused(program, tmp_path):
    assert "no hOCR" in refused(tmp_path, "echo gone > $2.hocr")
    page = '<html xmlns="http://www.w3.org/1999/xhtml"></html>'
    assert "0 pages for 1 rows" in refused(tmp_path, f"echo '{page}' > $2.hocr")


def test_what_tesseract_writes_becomes_a_line():
    written = b"""<html xmlns="http://www.w3.org/1999/xhtml"><body>
    <div class='ocr_page'><span class='ocrx_word' title='x_wconf 9'>
    <span class='ocrx_cinfo' title='x_bboxes 0 1 20 9; x_conf 100'>a</span>
    <span class='ocrx_cinfo' title='x_bboxes 20 1 30 9; x_conf 50'>-</span>
    <span class='ocrx_cinfo' title='x_bboxes 40 1 60 9; x_conf 95.5'>\xc3\x89</span>
    <span class='ocrx_cinfo' title='x_bboxes 70 1 90 9; x_conf 0'>&lt;</span>
    <span class='ocrx_cinfo' title='x_bboxes 80 1 100 9; x_conf 0'>7</span></span></div>
    <div class='ocr_page'></div></body></html>"""
    first, second = pages_of(written)
    line = line_of(first, 100)
    assert line.text == "AE7"
    assert line.confidences == pytest.approx((1, 0.955**8, 0))
    assert line.centres == pytest.approx((0.1, 0.5, 0.9))
    assert line_of(second, 100).text == ""
    assert line_of(ET.Element("div"), 100).text == ""
