"""Training of the second look, in small: it learns, resumes, and is exported as it was."""

import json

import cv2
import numpy as np
import pytest

from models.base import ModelError
from models.detectors.corners import BUNDLED, CornerFinder
from models.training.corner_samples import draw_sample, piece_around, plain_sample
from models.training.corners_export import export_corners
from models.training.relabel import Relabel
from models.training.scene import PLANTED, Scene
from models.training.scores import iou_matrix
from models.training.synthesis import render_scene
from models.training.voc import COLUMNS

torch = pytest.importorskip("torch", reason="needs the training extra")
pytest.importorskip("pandas", reason="needs the training extra")

from models.training.corner_network import as_batch, corner_network, losses  # noqa: E402
from models.training.corners import train_corners  # noqa: E402
from models.training.recipes import CornerRecipe  # noqa: E402


def rendered_piece(seed=5, *, exact=True):
    """A piece of a scene around its largest plate."""
    scene = render_scene(np.random.default_rng(seed), (960, 540), night=False)
    plate = max(scene.plates, key=lambda one: one.box[2] - one.box[0])
    corners = np.array(plate.corners) if exact else None
    return piece_around(scene.image, plate.box, "rendered" if exact else "mine", corners)


def test_a_sample_shows_its_corners_where_it_says():
    """Drawn views keep corners and picture together: the marks land where the truth is."""
    piece = rendered_piece()
    marked = np.zeros_like(piece.image)
    cv2.fillPoly(marked, [np.round(piece.corners * 16).astype(np.int32)], (255,) * 3, shift=4)
    from dataclasses import replace

    for seed in range(20):
        rng = np.random.default_rng(seed)
        sample = draw_sample(rng, replace(piece, image=marked))
        white = np.argwhere(sample.seen.max(axis=2) > sample.seen.max() / 2)[:, ::-1]
        found = [*white.min(axis=0), *(white.max(axis=0) + 1)]
        truth = sample.corners * (128, 64)
        wanted = [*truth.min(axis=0), *truth.max(axis=0)]
        np.testing.assert_allclose(found, np.clip(wanted, 0, [128, 64, 128, 64]), atol=5)


def test_annotated_boxes_become_planted_plates_or_stay_boxes():
    piece = rendered_piece(exact=False)
    samples = [draw_sample(np.random.default_rng(seed), piece) for seed in range(30)]
    planted = [one for one in samples if one.source == PLANTED]
    drawn = [one for one in samples if one.source == "mine"]
    assert planted
    assert drawn
    assert all(np.isfinite(one.corners).all() and np.isnan(one.box).all() for one in planted)
    assert all(np.isnan(one.corners).all() and np.isfinite(one.box).all() for one in drawn)


def test_losses_fall_with_the_error_and_absorb_a_habit():
    corners = torch.tensor([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]])
    answer = torch.cat([corners.flatten(), torch.full((8,), -3.0), torch.tensor([4.0])])[None]
    exact, boxed = plain_sample(rendered_piece()), plain_sample(rendered_piece(exact=False))
    batch = as_batch([exact, boxed], ["mine", "rendered"])
    batch.corners[0] = corners
    batch.boxes[1] = torch.tensor([0.25, 0.2, 0.75, 0.8])  # drawn a tenth too high on each side
    answers = answer.repeat(2, 1)
    none = torch.zeros(2, 4)
    parts = losses(answers, batch, none)
    assert parts["corners"] == 0
    assert parts["boxes"] == pytest.approx(10 * 0.025 / 2)
    habit = torch.tensor([[0.0, -0.1, 0.0, 0.1], [0.0] * 4])
    assert losses(answers, batch, habit)["boxes"] == pytest.approx(0, abs=1e-6)
    worse = answers + torch.tensor([0.1] * 8 + [0.0] * 9)
    assert losses(worse, batch, none)["corners"] > 0.5


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Rendered scenes as an annotated source of two splits."""
    root = tmp_path_factory.mktemp("data")
    (root / "annotations").mkdir()
    (root / "images/mine").mkdir(parents=True)
    lines = [",".join(COLUMNS)]
    for number in range(8):
        scene = render_scene(np.random.default_rng([3, number]), (640, 360))
        name = f"mine/{number}.jpg"
        cv2.imwrite(str(root / "images" / name), scene.image)
        split = "val" if number > 5 else "train"
        for plate in scene.plates:
            box = ",".join(str(round(value)) for value in plate.box)
            lines.append(f"{name},640,360,{box},,{split}")
    table = root / "annotations/mine.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [table]


SMALL = CornerRecipe(steps=6, batch=8, rendered=2, rendered_val=2, width=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory, tables):
    run = tmp_path_factory.mktemp("corners") / "run"
    train_corners(tables=tables, run=run, recipe=SMALL)
    return run


def test_a_training_leaves_a_checkpoint_and_a_record(run):
    state = torch.load(run / "checkpoint.pt", weights_only=False)
    assert state["step"] == 6
    record = json.loads((run / "corners.json").read_text(encoding="utf-8"))
    assert record["recipe"]["width"] == 4
    assert record["pieces"]["train/mine"] > 0
    assert record["pieces"]["train/rendered"] > 0


def test_a_second_training_does_not_overwrite_the_first(run, tables):
    with pytest.raises(ModelError, match="a training is here already; resume it"):
        train_corners(tables=tables, run=run, recipe=SMALL)
    with pytest.raises(ModelError, match="no checkpoint.pt here to resume from"):
        train_corners(tables=tables, run=run / "elsewhere", resume=True)


def test_an_interrupted_training_goes_on_where_it_was(run, tables, tmp_path):
    """Half way, then on: the same network as in one go."""
    import dataclasses

    from models.training import corners

    half = tmp_path / "half"
    loaded = corners.load_splits(tables, None, half, SMALL)
    first = corners._Training(half, SMALL, loaded["train"], loaded["val"])
    first._recipe = dataclasses.replace(SMALL, steps=3)
    first.go()
    again = corners._Training(half, SMALL, loaded["train"], loaded["val"])
    assert again._step == 3
    again.go()
    whole = torch.load(run / "checkpoint.pt", weights_only=False)["network"]
    resumed = torch.load(half / "checkpoint.pt", weights_only=False)["network"]
    assert whole.keys() == resumed.keys()
    for name, value in whole.items():
        # Dropout draws anew after a pause: close, not equal.
        np.testing.assert_allclose(value.float(), resumed[name].float(), atol=0.2, err_msg=name)


def test_the_exported_file_answers_as_the_trained_network(run, tables, tmp_path):
    pytest.importorskip("onnx")
    output = tmp_path / "mine.onnx"
    lines = export_corners(run=run, output=output, tables=tables)
    assert any(line.startswith("mine: ") for line in lines)
    assert lines[-1].startswith("plates kept")
    card = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["training"]["steps"] == 6
    assert card["evaluation"]["report"] == lines
    state = torch.load(run / "checkpoint.pt", weights_only=False)["averaged"]
    network = corner_network(4)
    network.load_state_dict(
        {k.removeprefix("module."): v for k, v in state.items() if "n_av" not in k}
    )
    network.eval()
    seen = np.random.default_rng(0).random((3, 3, 64, 128), np.float32)
    with torch.no_grad():
        wanted = network(torch.from_numpy(seen)).numpy()
    from models.runtime import Session

    np.testing.assert_allclose(Session(output).run(seen)[0], wanted, atol=1e-3)


def test_export_needs_a_training(tmp_path, tables):
    with pytest.raises(ModelError, match=r"corners\.json: no readable record of a training"):
        export_corners(run=tmp_path, output=tmp_path / "a.onnx", tables=tables)
    with pytest.raises(ModelError, match=r"a\.pt: weights are written as ONNX"):
        export_corners(run=tmp_path, output=tmp_path / "a.pt", tables=tables)


needs_weights = pytest.mark.skipif(not BUNDLED.is_file(), reason="no weights of the second look")


@needs_weights
def test_the_shipped_second_look_finds_the_corners_of_rendered_plates():
    finder = CornerFinder()
    errors = []
    for seed in range(20):
        rng = np.random.default_rng([11, seed])
        scene = render_scene(rng, (1280, 720))
        for plate in scene.plates:
            x1, y1, x2, y2 = plate.box
            if x2 - x1 < 40:
                continue
            jitter = rng.normal(0, 0.04, 4) * (x2 - x1, y2 - y1, x2 - x1, y2 - y1)
            box = tuple(np.array(plate.box) + jitter)
            look = finder.look(scene.image, [box])[0]
            high = np.hypot(*np.subtract(plate.corners[3], plate.corners[0]))
            errors.append(np.linalg.norm(look.corners - plate.corners, axis=1).mean() / high)
    assert len(errors) > 10
    assert np.median(errors) < 0.15


@needs_weights
def test_loose_annotations_are_redrawn_and_forgotten_plates_added(tmp_path):
    """Boxes a fifth too high become tight; a plate nobody boxed joins them."""
    relabel, before, after, added = Relabel(), [], [], 0
    for seed in (4, 8, 10, 11, 13, 14):
        scene = render_scene(np.random.default_rng([12, seed]), (960, 540), night=False)
        plates = [one.box for one in scene.plates]
        loose = [(x1, y1 - 0.1 * (y2 - y1), x2, y2 + 0.1 * (y2 - y1)) for x1, y1, x2, y2 in plates]
        told = Scene(tmp_path / "a.jpg", "mine", "train", (960, 540), tuple(loose[:1]))
        redrawn = relabel.scene(told, scene.image)
        before.append(iou_matrix(loose[:1], plates[:1])[0, 0])
        after.append(iou_matrix([redrawn.boxes[0]], plates[:1])[0, 0])
        added += sum(iou_matrix([one], redrawn.boxes).max() > 0.5 for one in plates[1:])
    assert np.median(after) > np.median(before) + 0.03
    assert relabel.changes.redrawn >= 4
    assert added >= 3
