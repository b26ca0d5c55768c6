"""Which network for the detector: accuracy against milliseconds on this processor.

    python benchmarks/detectors.py                                 speed, all that is listed
    python benchmarks/detectors.py --models yolo26n --sizes 416x256 --rounds 20
    python benchmarks/detectors.py --weights mine.onnx --data annotations/   and how good it is

Speed: one thread, processor time of the process, one call at a time by turns, so that all have
the same share of whatever else the machine does. The ratio is to YOLOv9-t at 384x384 in ONNX
Runtime with float32, timed in the same rounds; quote the ratio, not the milliseconds. Networks
that are named have random weights (time does not depend on them), and their int8 files are
calibrated on noise: good for speed alone. Files given as --weights are real; with --data their
int8 files are calibrated on its train pictures and all are measured on its val pictures.
Networks and int8 files are kept in runs/benchmark.
"""

import argparse
import contextlib
import gc
import hashlib
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from models.base import ModelError
from models.runtime import Session, sha256_of

KEPT = Path(__file__).parents[1] / "runs" / "benchmark"

ARCHITECTURES = {
    "yolo26n": ("yolo26n", None),
    "yolo26-half": ("yolo26", 0.125),
    "yolo11n": ("yolo11n", None),
    "yolov8n": ("yolov8n", None),
    "yolov9t": ("yolov9t", None),
}
"""Architecture of ultralytics; where a width multiple is given, with the depth of size n."""

SIZES = ("256x256", "320x192", "416x256", "384x384", "512x288", "640x384", "640x640")

RUNTIMES = {
    "onnxruntime f32": ("onnxruntime", "f32", False),
    "onnxruntime int8": ("onnxruntime", "f32", True),
    "openvino f32": ("openvino", "f32", False),
    "openvino bf16": ("openvino", "bf16", False),
    "openvino int8": ("openvino", "f32", True),
}
"""Runtime, precision of what is float, and whether the network is quantised."""

BASE = ("yolov9t", "384x384", "onnxruntime f32")

NOISE_PICTURES = 4


def tell(text):
    print(text, file=sys.stderr, flush=True)


def exported(name):
    """The ONNX file of an architecture with random weights, the same on every run."""
    import importlib.metadata

    file = KEPT / f"{name}-ultralytics-{importlib.metadata.version('ultralytics')}.onnx"
    if file.is_file():
        return file
    from models.frameworks import load_ultralytics
    from models.training.export import write_onnx

    tell(f"exporting {name} …")
    with contextlib.redirect_stdout(sys.stderr):
        load_ultralytics(KEPT / "settings")
        import torch

        checkpoint = KEPT / f"{name}.pt"
        torch.save({"model": random_network(name), "train_args": {}, "epoch": -1}, checkpoint)
        write_onnx(KEPT, checkpoint, file, "raw")
        checkpoint.unlink()
    return file


def random_network(name):
    import torch
    from ultralytics.nn.tasks import DetectionModel, yaml_model_load

    torch.manual_seed(0)
    architecture, width = ARCHITECTURES[name]
    layers = yaml_model_load(f"{architecture}.yaml")
    if width is not None:
        depth, _, most_channels = layers["scales"]["n"]
        layers |= {"scales": {"half": [depth, width, most_channels]}, "scale": "half"}
    return DetectionModel(layers, nc=1, verbose=False)


def quantised(weights, pictures, size=(640, 384)):
    """The int8 file of one in float; each choice of pictures has its own."""
    from models.training.quantize import write_int8

    if is_int8(weights):
        return weights
    content = "".join([sha256_of(weights), str(size), *map(str, pictures)])
    code = hashlib.sha256(content.encode()).hexdigest()[:12]
    file = KEPT / f"{weights.stem}-int8-{code}.onnx"
    if not file.is_file():
        tell(f"quantising {weights.name} on {len(pictures)} pictures …")
        write_int8(weights, file, pictures, size)
    return file


def is_int8(weights):
    return Session(weights).metadata.get("precision") == "int8"


def noise():
    import cv2

    rng = np.random.default_rng(0)
    files = [KEPT / f"noise{number}.png" for number in range(NOISE_PICTURES)]
    for file in files:
        cv2.imwrite(str(file), rng.integers(0, 256, (384, 640, 3), np.uint8))
    return files


def train_pictures(tables):
    from models.training.dataset import scenes_of
    from models.training.quantize import PICTURES, chosen

    return chosen([one.path for one in scenes_of(tables) if one.split == "train"], PICTURES)


def files_of(networks, runtimes, pictures):
    """{(name, runtime): file} of what there is to measure."""
    files = {}
    for name, weights in networks.items():
        for runtime in runtimes:
            *_, int8 = RUNTIMES[runtime]
            if int8:
                files[name, runtime] = quantised(weights, pictures)
            elif not is_int8(weights):
                files[name, runtime] = weights
    return files


def pair(size):
    try:
        width, height = map(int, size.split("x"))
    except ValueError:
        raise ModelError(f"size {size!r}: expected WIDTHxHEIGHT, like 416x256") from None
    return width, height


def call_of(file, size, runtime):
    """A function that runs the network once on noise."""
    name, precision, _ = RUNTIMES[runtime]
    width, height = pair(size)
    session = Session(file, runtime=name, precision=precision, input_size=(width, height))
    blob = np.random.default_rng(0).random((1, 3, height, width), np.float32)
    return lambda: session.run(blob)


def milliseconds(calls, rounds):
    """{key: CPU milliseconds of each round}; by turns, each warmed up by an untimed call."""
    took = {key: [] for key in calls}
    for _ in range(rounds):
        for key, call in calls.items():
            call()
            started = time.process_time()
            call()
            took[key].append(1000 * (time.process_time() - started))
    return took


def speed(files, sizes, rounds):
    """Rows of the table. A size at a time, or all the sessions would not fit into memory."""
    rows = []
    base_file = exported(BASE[0])
    for size in sizes:
        calls = {BASE: call_of(base_file, *BASE[1:])}
        for (name, runtime), file in files.items():
            key = (name, size, runtime)
            try:
                calls.setdefault(key, None)
                calls[key] = calls[key] or call_of(file, size, runtime)
            except ModelError as error:
                del calls[key]
                tell(f"left out {name} {size} {runtime}: {error}")
        tell(f"{size}: {len(calls)} networks by turns …")
        took = milliseconds(calls, rounds)
        base = statistics.median(took[BASE])
        for key, times in took.items():
            if key != BASE or (BASE[1] == size and (BASE[0], BASE[2]) in files):
                rows.append(speed_row(key, times, base))
        del calls
        gc.collect()
    return rows


def speed_row(key, times, base):
    name, size, runtime = key
    median = statistics.median(times)
    return {
        "network": name,
        "size": size,
        "runtime": runtime,
        "ratio": round(median / base, 3),
        "median_ms": round(median, 2),
        "least_ms": round(min(times), 2),
    }


def accuracy(files, sizes, tables):
    """Rows of the table, over all val pictures together; by the first look alone, and by both."""
    from itertools import product

    from models.training.evaluate import Material, evaluate_detector

    rows = []
    for size, (key, file), looks in product(sizes, files.items(), (1, 2)):
        name, runtime = key
        tell(f"evaluating {name} {size} {runtime}, looks: {looks} …")
        options = options_of(file, size, runtime) | {"second_look": looks == 2}
        try:
            found = evaluate_detector(Material(tables=tables), options=options)
        except ModelError as error:
            tell(f"left out {name} {size} {runtime}: {error}")
            continue
        rows.append(accuracy_row(name, size, runtime, looks, found))
    return rows


def accuracy_row(name, size, runtime, looks, found):
    overall = found.scores[-1]
    figures = ("ap50", "ap50_95", "recall", "precision")
    measured = {figure: round(getattr(overall, figure), 3) for figure in figures}
    row = {"network": name, "size": size, "runtime": runtime, "looks": looks, **measured}
    return row | {"min_score": found.min_score, "pictures": overall.pictures}


def options_of(file, size, runtime):
    name, precision, _ = RUNTIMES[runtime]
    options = {"weights": file, "size": pair(size), "runtime": name}
    return options | {"precision": precision}


def markdown(rows):
    if not rows:
        return "nothing measured"
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    lines += ["| " + " | ".join(map(str, row.values())) + " |" for row in rows]
    return "\n".join(lines)


def tables_in(paths):
    tables = []
    for path in paths:
        tables += sorted(path.glob("*.csv")) if path.is_dir() else [path]
    return tables


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="*", choices=ARCHITECTURES, default=list(ARCHITECTURES))
    parser.add_argument("--weights", nargs="*", type=Path, default=[], metavar="FILE.onnx")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), metavar="WIDTHxHEIGHT")
    runtimes = [name for name in RUNTIMES if name != "openvino int8"]
    parser.add_argument("--runtimes", nargs="+", choices=RUNTIMES, default=runtimes)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--data", nargs="+", type=Path, default=[], metavar="TABLE.csv|FOLDER")
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")
    return parser.parse_args()


def measure(options):
    KEPT.mkdir(parents=True, exist_ok=True)
    tables = tables_in(options.data)
    drawn = {name: exported(name) for name in options.models}
    real = {file.stem: file for file in options.weights}
    pictures = train_pictures(tables) if tables and real else noise()
    of_real = files_of(real, options.runtimes, pictures)
    files = files_of(drawn, options.runtimes, noise()) | of_real
    results = {"base": " ".join(BASE), "rounds": options.rounds}
    if options.rounds > 0:
        results["speed"] = speed(files, options.sizes, options.rounds)
    if tables:
        results["accuracy"] = accuracy(of_real, options.sizes, tables)
    return results


def main():
    options = arguments()
    try:
        results = measure(options)
    except ModelError as error:
        sys.exit(f"detectors.py: {error}")
    if options.json:
        print(json.dumps(results, indent=1))
        return
    if "speed" in results:
        print(f"Ratio to {results['base']}, {results['rounds']} rounds, one thread, CPU time\n")
        print(markdown(results["speed"]))
    if "accuracy" in results:
        print("\nAnnotated val pictures, all sources\n\n" + markdown(results["accuracy"]))


if __name__ == "__main__":
    main()
