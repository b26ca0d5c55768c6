"""PaddleOCR runs in an environment of its own; elsewhere these tests skip."""

import importlib.util
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import yaml

from file_server import FileServer
from models.base import ModelError
from models.folders import hash_of
from models.readers.paddle import PaddleReader
from models.readers.rapidocr import RapidocrReader, bundled_recogniser
from models.training.plates import LAYOUTS, bare, draw_plate

pytestmark = [
    pytest.mark.paddle,
    pytest.mark.skipif(
        importlib.util.find_spec("paddleocr") is None,
        reason="paddleocr is not installed here (make install-paddle; .venv-paddle/bin/pytest)",
    ),
]

LAYOUT = {layout.name: layout for layout in LAYOUTS}

PLATES = [
    ("eu", "AB 123 CD"),
    ("white", "MH 12 DE 1433"),
    ("yellow plain", "LR53 KHN"),
    ("white two lines", "KL 31/K 3137"),
    ("american", "7XKR293"),
]


def plate(name, text, width):
    image = draw_plate(np.random.default_rng(5), LAYOUT[name], text)
    height = round(width * image.shape[0] / image.shape[1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def reader():
    return PaddleReader()


def test_rendered_plates_are_read_exactly_in_order_and_in_rows(reader):
    pairs = [(pair, width) for width in (100, 180, 400) for pair in PLATES]
    readings = reader.read([plate(*pair, width) for pair, width in pairs])
    assert [one.lines for one in readings] == [
        tuple(bare(row) for row in text.split("/")) for (_, text), _ in pairs
    ]


def test_it_reads_as_the_reader_with_the_same_weights(reader):
    crops = [plate(*pair, width) for width in (60, 90, 150) for pair in PLATES]
    for one, two in zip(reader.read(crops), RapidocrReader().read(crops), strict=True):
        assert one.text == two.text
        assert one.confidences == pytest.approx(two.confidences, abs=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (3, 2), (1500, 2000)])
def test_odd_sizes_give_a_reading(reader, size):
    (reading,) = reader.read([np.zeros((*size, 3), np.uint8)])
    assert len(reading.text) == len(reading.confidences)


def test_empty_crops_and_no_crops(reader):
    assert reader.read([]) == []
    (reading,) = reader.read([np.zeros((0, 9, 3), np.uint8)])
    assert (reading.text, reading.confidences, reading.lines) == ("", (), ())


def configure(folder, characters, width):
    config = {
        "Global": {"model_name": "PP-OCRv6_small_rec"},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"RecResizeImg": {"image_shape": [3, 48, width]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": list(characters)},
    }
    (folder / "inference.yml").write_text(yaml.safe_dump(config), encoding="utf-8")


@pytest.fixture(scope="module")
def brightness_model(tmp_path_factory):
    """A Paddle network that reads brightness: grey is the blank, black an A, white a B."""
    import paddle

    class Brightness(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            levels = [0.0, -1.0, 1.0, 5.0]  # blank, A, B, and the space that PaddleOCR adds
            self.levels = self.create_parameter(
                [4], default_initializer=paddle.nn.initializer.Assign(levels)
            )

        def forward(self, x):
            columns = paddle.nn.functional.avg_pool2d(x, (48, 8), (48, 8)).mean(1)
            distance = columns.squeeze(1).unsqueeze(-1) - self.levels
            return paddle.nn.functional.softmax(-8 * distance**2, axis=-1)

    folder = tmp_path_factory.mktemp("brightness")
    spec = paddle.static.InputSpec([None, 3, 48, None], "float32", name="x")
    paddle.jit.save(paddle.jit.to_static(Brightness(), input_spec=[spec]), f"{folder}/inference")
    configure(folder, "AB", 320)
    return folder


def stripes(pattern, width=32):
    """Grey, black and white stripes, as high as the picture."""
    levels = {"_": 128, "A": 0, "B": 255}
    row = np.repeat([levels[sign] for sign in pattern], width).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (48, len(row), 3)))


def test_paddles_own_engine_reads_a_folder_of_paddles_own_files(brightness_model):
    reader = PaddleReader(model_dir=brightness_model)
    texts = ["_A_B_", "_B_B_A_A_B_", "_B_", "_AB_A_"]
    readings = reader.read([stripes(pattern) for pattern in texts])
    assert [one.text for one in readings] == [text.replace("_", "") for text in texts]
    # exp(0) for the stripe against exp(-8) for the blank
    assert readings[2].confidences == pytest.approx((1 / (1 + np.exp(-8)),), abs=1e-3)


def test_the_engine_follows_from_the_files_and_may_be_named(brightness_model, tmp_path):
    assert PaddleReader(model_dir=brightness_model, engine="paddle").read([stripes("_A_")])
    (tmp_path / "inference.onnx").symlink_to(bundled_recogniser())
    configure(tmp_path, "AB", 320)
    with pytest.raises(ModelError, match=r"18710 classes, the alphabet has 4"):
        PaddleReader(model_dir=tmp_path)


def test_no_connection_is_tried_at_import_loading_or_reading():
    script = """
import socket
calls = []
def refuse(*args, **_):
    calls.append(args[:2])
    raise OSError("this test allows no connection")
socket.getaddrinfo = socket.socket.connect = socket.socket.connect_ex = refuse
import numpy as np
from models.readers.paddle import PaddleReader
PaddleReader().read([np.zeros((40, 160, 3), np.uint8)])
print("calls", calls)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=540, check=False
    )
    assert done.stdout == "calls []\n", done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "tensorrt"}, "no such engine 'tensorrt'; known: paddle, onnxruntime"),
        ({"engine": "paddle"}, "no network for engine paddle; paddle runs inference.json"),
    ],
)
def test_engines_that_cannot_be_are_named(options, message):
    with pytest.raises(ModelError, match=message):
        PaddleReader(**options)


def test_a_model_that_was_never_downloaded_is_refused_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path))
    start = time.monotonic()
    with pytest.raises(
        ModelError, match="model 'PP-OCRv6_medium_rec' was never downloaded"
    ) as info:
        PaddleReader(model_name="PP-OCRv6_medium_rec")
    assert time.monotonic() - start < 30
    assert "\n" not in str(info.value)


def test_a_model_in_paddleocrs_cache_is_found_by_its_name(monkeypatch, tmp_path, brightness_model):
    folder = tmp_path / "official_models" / "PP-OCRv6_small_rec"
    folder.parent.mkdir()
    folder.symlink_to(brightness_model)
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path))
    (reading,) = PaddleReader(model_name="PP-OCRv6_small_rec").read([stripes("_B_A_")])
    assert reading.text == "BA"


def test_a_model_on_the_hub_is_fetched_checked_and_read_with(
    monkeypatch, tmp_path, brightness_model
):
    """A real server on loopback stands where the hub is; later it is gone."""
    monkeypatch.setenv("PLATE_STREAMER_CACHE", str(tmp_path))
    with FileServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        files = ("inference.json", "inference.pdiparams", "inference.yml")
        for name in files:
            path = f"/owner/stripes/resolve/main/{name}"
            server.files[path] = (brightness_model / name).read_bytes()
        with pytest.raises(ModelError, match="hf:owner/stripes: has no hash; .*#sha256="):
            PaddleReader(model_name="hf:owner/stripes")
        address = f"hf:owner/stripes#sha256={hash_of(brightness_model, files)}"
        (reading,) = PaddleReader(model_name=address).read([stripes("_B_A_")])
        assert reading.text == "BA"
        with pytest.raises(ModelError, match=r"expected there: inference\.onnx"):
            PaddleReader(model_name="hf:owner/stripes", engine="onnxruntime")
    assert PaddleReader(model_name=address).read([stripes("_A_")])[0].text == "A"
    with pytest.raises(ModelError, match="cannot be reached"):
        PaddleReader(model_name="hf:owner/other")


def test_a_batch_is_read_at_once(brightness_model, monkeypatch):
    reader = PaddleReader(model_dir=brightness_model)
    calls, predict = [], reader._network._predict

    def counting(rows, **options):
        calls.append(len(rows))
        return predict(rows, **options)

    monkeypatch.setattr(reader._network, "_predict", counting)
    readings = reader.read([stripes("_A_B_")] * 6)
    assert [one.text for one in readings] == ["AB"] * 6
    assert calls[0] == 6


def test_bad_folders_are_named_in_one_line(tmp_path, brightness_model):
    cases = {
        "absent": "no such folder",
        "empty": "no network for",
        "broken": "no model configuration",
    }
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    for file in ("inference.json", "inference.pdiparams"):
        (tmp_path / "broken" / file).symlink_to(brightness_model / file)
    for name, message in cases.items():
        with pytest.raises(ModelError, match=f"{name}.*: {message}") as info:
            PaddleReader(model_dir=tmp_path / name)
        assert "\n" not in str(info.value)


def test_corrupt_networks_are_named_in_one_line(tmp_path):
    configure(tmp_path, "AB", 320)
    (tmp_path / "inference.onnx").write_bytes(b"no network for")
    with pytest.raises(ModelError) as info:
        PaddleReader(model_dir=tmp_path)
    assert str(info.value).startswith(f"{tmp_path}: ")
    assert "\n" not in str(info.value)
