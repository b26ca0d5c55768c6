import json
from dataclasses import asdict

import cv2
import numpy as np
import pytest

from models.base import Detection, Hypothesis, Reading
from models.readers.calibration import Calibration
from models.readers.formats import Formats
from models.training.plates import LAYOUTS, draw_plate
from streamer.api import PlateReader, events
from streamer.app import PARTS
from streamer.cli import main
from streamer.config import parse_config
from streamer.errors import UserError
from streamer.one_camera import formats_of, informed_reader
from streamer.sources import file

EU = next(layout for layout in LAYOUTS if layout.name == "eu")
PLATE = cv2.resize(draw_plate(np.random.default_rng(1), EU, "AB 123 CD"), (160, 36))
PICTURE = np.pad(PLATE, ((50, 50), (50, 50), (0, 0)), constant_values=90)
BOX = (50.0, 50.0, 210.0, 86.0)


class Finds:
    def __init__(self, count):
        self.count = count

    def detect(self, image):
        return [Detection(BOX, 0.9)] * self.count


class Reads:
    """A reader that says what it was told to."""

    calibration = None

    def __init__(self, *readings):
        self.readings = list(readings)

    def read(self, crops):
        assert len(crops) == len(self.readings)
        return self.readings


def seen(*shares, **more):
    hypotheses = tuple(
        Hypothesis(text, share, (share ** (1 / max(len(text), 1)),) * len(text))
        for text, share in shares
    )
    first = hypotheses[0]
    return Reading(first.text, first.confidences, (first.text,), hypotheses, **more)


def found(*readings, calibration=None, formats=None):
    reader = Reads(*readings)
    reader.calibration = calibration
    return PlateReader(Finds(len(readings)), reader, formats).read(PICTURE)


def test_a_plate_comes_with_its_country_and_what_else_it_may_be():
    (plate,) = found(seen(("LSI5EBC", 0.95), ("LSI5EBG", 0.04)))
    assert (plate.plate, plate.country, plate.reason) == ("LS15EBC", "GB", None)
    assert plate.box == BOX
    assert "".join(one.char for one in plate.characters) == plate.plate
    assert {"LS15EBG", "LSI5EBC"} <= {one.plate for one in plate.candidates}
    total = plate.confidence + sum(one.confidence for one in plate.candidates)
    assert plate.confidence > 0.8
    assert total <= 1 + 1e-9


def test_the_confidence_is_the_calibrated_one_and_rivals_share_the_rest():
    by_posterior = Calibration(0.0, {"posterior": 0.5})
    raw = seen(("AB123CD", 0.8), ("AB128CD", 0.15))
    (calibrated,), (plain,) = found(raw, calibration=by_posterior), found(raw)
    assert calibrated.confidence < plain.confidence - 0.05
    assert calibrated.candidates[0].plate == "AB128CD"
    assert calibrated.candidates[0].confidence > plain.candidates[0].confidence
    assert sum(one.confidence for one in calibrated.candidates) <= 1 - calibrated.confidence


def test_what_is_not_to_be_believed_says_why_and_comes_last():
    lettering, plate, nothing = (
        seen(("TOYOTA", 0.99), plate=0.2), seen(("AB123CD", 0.9)), seen(("", 0.9))
    )  # fmt: skip
    plates = found(lettering, plate, nothing)
    assert [(one.plate, one.reason) for one in plates] == [
        ("AB123CD", None),
        ("TOYOTA", "no_format"),
    ]


def test_the_formats_that_are_given_decide():
    raw = seen(("O123BCD", 0.97))
    assert found(raw, formats=Formats(["ES"]))[0].plate == "0123BCD"
    assert found(raw, formats=Formats(patterns=["O[0-9]{3}BCD"]))[0].plate == "O123BCD"


def test_a_found_plate_is_written_with_the_new_keys_last():
    fields = list(json.loads(json.dumps(asdict(found(seen(("AB123CD", 0.9)))[0]))))
    assert fields == [
        "plate", "confidence", "characters", "candidates", "box", "country", "reason"
    ]  # fmt: skip


CAMERA = "cameras: [{name: gate, url: 'synthetic:'}]\n"


def test_the_configuration_says_what_plates_to_expect():
    config = parse_config(CAMERA + "formats: {countries: [ES], patterns: ['ZZ[0-9]']}", PARTS)
    formats = formats_of(config)
    assert formats.fits("ZZ7")
    assert formats.country("ZZ7") == "ES"
    reader = informed_reader(config, formats)
    assert reader.decide(seen(("O123BCD", 0.97))).text == "0123BCD"


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        (
            "{countries: [DE, UK]}",
            "gate.yaml:2: formats.countries[1]: no formats of 'UK'; is it GB",
        ),
        ("{patterns: ['[A-Z']}", "gate.yaml:2: formats.patterns[0]: '[A-Z' has '[A-Z'; known are"),
    ],
)
def test_check_config_names_faulty_formats(capsys, tmp_path, section, fault):
    path = tmp_path / "gate.yaml"
    path.write_text(f"{CAMERA}formats: {section}\n")
    assert main(["check-config", str(path)]) == 2
    assert fault in capsys.readouterr().err


def test_a_recording_that_fails_midway_ends_and_does_not_begin_anew(clip, monkeypatch):
    shown = []

    def fails(frame):
        shown.append(frame)
        if len(shown) > 5:
            raise OSError(5, "Input/output error")
        return picture(frame)

    picture = file.picture
    monkeypatch.setattr(file, "picture", fails)
    with pytest.raises(UserError, match="cannot be read to its end"):
        list(events(str(clip.path)))
    assert len(shown) == 6


class Scaled(Finds):
    """Finds nothing at first, and what is there when it sees the picture larger."""

    def __init__(self, count=0, larger=1):
        super().__init__(count)
        self.larger, self.asked = larger, []

    def rescaled(self, times):
        self.asked.append(times)
        return Finds(self.larger if times > 1 else 0)


class Knows:
    """Reads `text` from every crop."""

    calibration = None

    def __init__(self, text):
        self.text = text

    def read(self, crops):
        return [seen((self.text, 0.95)) for _ in crops]


def test_a_picture_in_which_nothing_is_found_is_looked_at_again():
    detector = Scaled()
    reader = PlateReader(detector, Knows("AB123CD"))
    assert [one.plate for one in reader.read(PICTURE)] == ["AB123CD"]
    reader.read(PICTURE)
    assert detector.asked == [1.5, 0.7]  # opened once


def test_what_is_believed_at_once_is_not_looked_at_again():
    detector = Scaled(count=1)
    found = PlateReader(detector, Knows("AB123CD")).read(PICTURE)
    assert [one.reason for one in found] == [None]
    assert detector.asked == []


def test_what_is_seen_at_several_scales_is_one_plate():
    detector = Scaled(count=1)
    found = PlateReader(detector, Knows("A")).read(PICTURE)  # too short to be believed
    assert found[0].reason is not None
    assert (len(found), detector.asked) == (1, [1.5, 0.7])


def test_a_detector_of_one_scale_is_asked_once():
    assert PlateReader(Finds(0), Knows("AB123CD")).read(PICTURE) == []


def test_the_steps_are_what_was_looked_at():
    steps = list(PlateReader(Finds(1), Knows("AB123CD")).steps(PICTURE))
    assert [name for name, _ in steps] == ["plates", "crop", "read"]
    crop, read = steps[1][1], steps[2][1]
    assert abs(crop.shape[0] - 36) <= 2
    assert abs(crop.shape[1] - 160) <= 8
    assert (read != PICTURE).any()
    assert [name for name, _ in PlateReader(Finds(0), Knows("A")).steps(PICTURE)] == [
        "plates",
        "read",
    ]


def test_a_folder_for_steps_that_cannot_be_written_to_is_named(capsys, tmp_path):
    cv2.imwrite(str(tmp_path / "car.png"), PICTURE)
    (tmp_path / "steps").write_text("a file")
    words = ["read", str(tmp_path / "car.png"), "--debug-images", str(tmp_path / "steps")]
    assert main(words) == 2
    assert f"--debug-images {tmp_path}/steps/0001-car-01-plates.png" in capsys.readouterr().err
