"""From a correction to a training set: the pieces of pictures that are kept, and the export."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from models.training.gate import GateScene
from models.training.splits import split_of
from s3_server import S3Server
from streamer.archive.archive import Archive
from streamer.archive.records import Correction
from streamer.cli import main
from streamer.errors import UserError
from streamer.lessons import NoLessonsError, lessons_folder, lessons_zip
from streamer.sinks.media import Media
from streamer.sinks.remote import Remote

SIZE = (640, 360)


class Corrections:
    """An archive that somebody has corrected a few events in."""

    def __init__(self):
        self.said = []

    def say(self, event, plate):
        now = datetime.now(UTC)
        self.said.append(Correction(event.id, plate, event.plate, now, "anna"))

    def corrections(self):
        yield from self.said


@pytest.fixture
def media(tmp_path):
    return Media(tmp_path / "pictures", lessons=tmp_path / "lessons")


@pytest.fixture
def pass_by(make_decided, media):
    """`pass_by(seed, plate)`: an event of a rendered vehicle, with pictures; gives it and the
    picture's plate."""

    def make(seed=3, plate="WR0NG1", at_s=6.5):
        scene = GateScene(SIZE, seed=seed, vehicles=1)
        seen = scene.render(at_s)
        (truth,) = seen.plates
        box = tuple(round(edge) for edge in truth.box)
        x1, y1, x2, y2 = box
        decided = make_decided(crop=seen.image[y1:y2, x1:x2], plate=plate, box=box, frame_size=SIZE)
        frame = replace(decided.look.frame, image=seen.image)
        decided = replace(decided, look=replace(decided.look, frame=frame))
        return media.illustrate(decided), truth.text

    return make


def test_a_lesson_is_the_plate_with_room_around_it(media, pass_by, tmp_path):
    event, _ = pass_by()
    assert media.lesson(event.id) is None
    assert media.keep_lesson(event)
    image, (x1, y1, x2, y2) = media.lesson(event.id)
    snapshot = cv2.imread(event.snapshot)
    left, top = event.box[0] - x1, event.box[1] - y1
    assert (x2 - x1, y2 - y1) == (event.box[2] - event.box[0], event.box[3] - event.box[1])
    high = y2 - y1
    assert (x1, y1) == (3 * high, 3 * high)
    # Without loss: it is the very picture that was stored.
    there = snapshot[top : top + image.shape[0], left : left + image.shape[1]]
    assert np.array_equal(image, there)
    about = json.loads((tmp_path / f"lessons/{event.id}.json").read_text())
    assert about["read"] == "WR0NG1"
    assert about["camera"] == "gate"
    assert about["size"] == [image.shape[1], image.shape[0]]


def test_a_plate_at_the_edge_has_less_room(media, make_decided):
    decided = make_decided(box=(1, 2, 41, 12), frame_size=(64, 48))
    event = media.illustrate(decided)
    assert media.keep_lesson(event)
    image, box = media.lesson(event.id)
    assert (image.shape, box) == ((42, 64, 3), (1, 2, 41, 12))


def test_lessons_outlive_pictures_and_are_cut_once(media, pass_by):
    event, _ = pass_by()
    assert media.keep_lesson(event)
    media.purge(datetime(2100, 1, 1, tzinfo=UTC).date(), ())
    assert media.read(event.snapshot) is None
    assert media.keep_lesson(event)
    assert media.lesson(event.id) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"snapshot": None},
        {"snapshot": "/etc/passwd"},
        {"frame_size": (1920, 1080)},
        {"box": (700, 20, 900, 60)},
    ],
)
def test_what_cannot_be_learnt_from_is_not_kept(media, pass_by, change):
    event, _ = pass_by()
    event = replace(event, **change)
    assert not media.keep_lesson(event)
    assert media.lesson(event.id) is None


def test_a_lesson_is_forgotten_when_the_correction_is_taken_back(media, pass_by):
    event, _ = pass_by()
    media.keep_lesson(event)
    assert media.forget_lesson(event.id)
    assert not media.forget_lesson(event.id)
    assert media.lesson(event.id) is None


def test_ids_that_are_none_lead_nowhere(media):
    for event_id in ("../../etc/passwd", "", "0191f2d0-1111-7222-8333-444455556666/../x"):
        with pytest.raises(UserError, match="no such id"):
            media.lesson(event_id)


def test_a_damaged_lesson_is_none(media, pass_by, tmp_path):
    event, _ = pass_by()
    media.keep_lesson(event)
    (tmp_path / f"lessons/{event.id}.png").write_bytes(b"")
    assert media.lesson(event.id) is None
    (tmp_path / f"lessons/{event.id}.json").write_text("{")
    assert media.lesson(event.id) is None


def test_a_disk_that_takes_nothing_is_named(media, pass_by, tmp_path):
    event, _ = pass_by()
    (tmp_path / "lessons").touch()
    with pytest.raises(UserError, match="lessons folder '.*lessons': "):
        media.keep_lesson(event)


def test_lessons_are_carried_elsewhere_and_thrown_away_there(tmp_path, make_decided):
    def box(folder):
        return Media(folder, remote=Remote(s3.pictures_url, s3.options))

    with S3Server() as s3:
        media = box(tmp_path / "one")
        event = media.illustrate(make_decided(box=(1, 2, 41, 12), frame_size=(64, 48)))
        media.upload(event)
        s3.stop()
        assert media.keep_lesson(event)
        with pytest.raises(UserError, match="Could not connect"):
            media.upload_lessons()
        s3.start()
        box(tmp_path / "one").upload_lessons()  # after a restart
        names = {f"lessons/{event.id}.{ending}" for ending in ("png", "json")}
        assert names <= set(s3.files())
        # A box whose disk was lost has them still.
        image, where = box(tmp_path / "two").lesson(event.id)
        assert (image.shape, where) == ((42, 64, 3), (1, 2, 41, 12))
        media.forget_lesson(event.id)
        assert media.lesson(event.id) is None  # though it is still there
        media.upload_lessons()
        assert not names & set(s3.files())
        assert box(tmp_path / "two").lesson(event.id) is None


@pytest.fixture
def corrected(media, pass_by):
    """Corrections: wrong reads, a confirmed one, one of no plate, one whose picture is gone."""
    archive, plates = Corrections(), {}
    for seed in range(4):
        event, truth = pass_by(seed)
        media.keep_lesson(event)
        archive.say(event, truth)
        plates[event.id] = truth
    confirmed, truth = pass_by(5, plate="RIGHT1")
    media.keep_lesson(confirmed)
    archive.say(confirmed, "RIGHT1")
    plates[confirmed.id] = "RIGHT1"
    nothing, _ = pass_by(6)
    media.keep_lesson(nothing)
    archive.say(nothing, None)
    gone, _ = pass_by(7)
    archive.say(gone, "AB123")
    return archive, plates, nothing.id


def unzipped(file):
    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def test_the_export_is_a_table_with_its_pictures(media, corrected, tmp_path):
    archive, plates, nothing = corrected
    file = io.BytesIO()
    exported = lessons_zip(archive, media, file)
    assert (exported.plates, exported.negatives, exported.missing) == (5, 1, 1)
    found = unzipped(file)
    rows = list(csv.DictReader(io.StringIO(found["annotations/corrections.csv"].decode())))
    assert {row["image"]: row["plate_text"] for row in rows} == {
        f"corrections/{event_id}.png": plate for event_id, plate in plates.items()
    }
    for row in rows:
        image = cv2.imdecode(np.frombuffer(found[f"images/{row['image']}"], np.uint8), 1)
        assert image.shape[:2] == (int(row["height"]), int(row["width"]))
    assert f"negatives/{nothing}.png" in found
    assert len(found) == len(plates) + 3
    lessons_folder(archive, media, tmp_path / "out")
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert {str(file.relative_to(tmp_path / "out")): file.read_bytes() for file in files} == found


def test_a_vehicle_is_never_on_both_sides(media, make_decided):
    archive = Corrections()
    for number in range(60):
        decided = make_decided(box=(1, 2, 41, 12), frame_size=(64, 48))
        event = media.illustrate(decided)
        media.keep_lesson(event)
        archive.say(event, f"AB{number % 20:02}CD")
    sides = {}
    file = io.BytesIO()
    exported = lessons_zip(archive, media, file)
    for row in csv.DictReader(io.StringIO(unzipped(file)["annotations/corrections.csv"].decode())):
        sides.setdefault(row["plate_text"], set()).add(row["split"])
    assert sides == {plate: {split_of(plate, 0.15)} for plate in sides}
    assert set().union(*sides.values()) == {"train", "val"}
    assert exported.val == 3 * sum(side == {"val"} for side in sides.values())


@pytest.mark.parametrize("plates", [["A1"], ["A1", "B2"], [f"X{n}" for n in range(4)]])
def test_there_is_always_something_to_train_on(media, make_decided, plates):
    archive = Corrections()
    for plate in plates:
        event = media.illustrate(make_decided(box=(1, 2, 41, 12), frame_size=(64, 48)))
        media.keep_lesson(event)
        archive.say(event, plate)
    exported = lessons_zip(archive, media, io.BytesIO())
    assert exported.plates - exported.val >= 1
    assert (exported.val >= 1) == (len(plates) > 1)


def test_without_corrections_or_without_pictures_it_says_so(media, pass_by):
    archive = Corrections()
    with pytest.raises(NoLessonsError, match="nobody has corrected or confirmed"):
        lessons_zip(archive, media, io.BytesIO())
    event, truth = pass_by()
    archive.say(event, truth)
    with pytest.raises(NoLessonsError, match="of 1 corrections no picture was kept"):
        lessons_zip(archive, media, io.BytesIO())


@pytest.fixture
def gate(tmp_path, monkeypatch):
    """A configuration whose store is that of `media`, and the archive that it finds."""
    archive = Corrections()
    for name, does in (
        ("open", lambda _: None),
        ("close", lambda _: None),
        ("corrections", lambda _: archive.corrections()),
    ):
        monkeypatch.setattr(Archive, name, does)
    config = tmp_path / "gate.yaml"
    config.write_text(
        f"cameras: [{{name: gate, url: 'synthetic:'}}]\nstore: {{folder: {tmp_path}}}\n"
    )
    return config, archive


def export(capsys, config, output):
    code = main(["export-corrections", str(config), "--output", str(output)])
    out, err = capsys.readouterr()
    assert out == ""
    return code, err


@pytest.mark.parametrize("name", ["set", "set.zip"])
def test_the_command_writes_a_folder_or_a_file(name, gate, media, pass_by, tmp_path, capsys):
    config, archive = gate
    event, truth = pass_by()
    media.keep_lesson(event)
    archive.say(event, truth)
    code, err = export(capsys, config, tmp_path / name)
    assert code == 0
    assert "1 pictures of plates (0 for validation), 0 without a readable one" in err
    assert "train reader --data" in err
    if name == "set":
        assert (tmp_path / "set/annotations/corrections.csv").is_file()
        code, err = export(capsys, config, tmp_path / name)
        assert code == 2
        assert "is there already; name a new folder" in err
    else:
        assert "annotations/corrections.csv" in unzipped(tmp_path / name)
        assert export(capsys, config, tmp_path / name)[0] == 0  # a file is replaced


def test_the_command_says_if_there_is_nothing(gate, tmp_path, capsys):
    config, _ = gate
    for name in ("set", "set.zip"):
        code, err = export(capsys, config, tmp_path / name)
        assert code == 2
        assert "nobody has corrected or confirmed a plate yet" in err
        assert not list(tmp_path.glob("set*"))
    config.write_text("cameras: [{name: gate, url: 'synthetic:'}]\nstore: {pictures: false}\n")
    assert "store.pictures is off" in export(capsys, config, tmp_path / "set")[1]


@pytest.mark.slow
def test_what_was_corrected_at_the_gate_is_trained_on(gate, media, pass_by, tmp_path, capsys):
    """The loop closes: a reader goes on from the bundled weights with what was corrected."""
    torch = pytest.importorskip("torch", reason="needs the training extra")
    pytest.importorskip("onnx", reason="needs the training extra")
    from models.readers.ctc import BUNDLED
    from models.training.reader import recorded, weights_in
    from models.training.reader_data import load_crops

    config, archive = gate
    truths = set()
    for seed in range(12):
        event, truth = pass_by(seed)
        media.keep_lesson(event)
        archive.say(event, truth)
        truths.add(truth)
    nothing, _ = pass_by(20)
    media.keep_lesson(nothing)
    archive.say(nothing, None)
    assert export(capsys, config, tmp_path / "set.zip")[0] == 0
    with zipfile.ZipFile(tmp_path / "set.zip") as packed:
        packed.extractall(tmp_path / "data")
    tables = tmp_path / "data/annotations"
    crops = load_crops([tables / "corrections.csv"], None)
    assert {one.text for one in [*crops.train, *crops.val]} == truths
    assert not {one.text for one in crops.train} & {one.text for one in crops.val}
    assert len(crops.train) + len(crops.val) == 12
    assert crops.backdrops  # there is room around the plates

    start, run = BUNDLED, tmp_path / "run"
    words = ["train", "reader", "--data", str(tables), "--run", str(run), "--start", str(start)]
    assert main([*words, "--steps", "2", "--batch", "8", "--no-taught"]) == 0
    _, counts = recorded(run)
    assert counts == {
        "train/corrections": len(crops.train),
        "val/corrections": len(crops.val),
    }
    learnt = torch.load(run / "checkpoint.pt", weights_only=True)["network"]
    before = weights_in(start)
    changed = [name for name, value in before.items() if not torch.equal(value, learnt[name])]
    assert changed
    # It went on from there: two steps leave the weights near where they were.
    drift = max(float((before[n] - learnt[n]).abs().max()) for n in changed if n.endswith("weight"))
    assert drift < 0.05
