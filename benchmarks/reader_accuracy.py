"""What the second look of the detector is worth to a reader: plates cut in three ways.

    python benchmarks/reader_accuracy.py --data DIR --crops first|box|corners [--margin 0.02]

DIR holds `annotations/*.csv` and the pictures that they name under `images/`. The val plates with
text of whole scenes are cut where the detector finds them: by the box of its first look, by the
box of the second one, or, as the daemon does, upright by its corners. A plate that is not found
counts as misread. The reader is rapidocr, as it is; everything else about readers is measured by
`plate-streamer evaluate reader`.
"""

import argparse
import sys
from pathlib import Path

from models.detectors.yolo import YoloDetector
from models.readers.rapidocr import RapidocrReader
from models.training.evaluate_reader import Material, evaluate_readers
from streamer.evaluation.detected import FoundBy
from streamer.stages.views import MARGIN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--crops", choices=("first", "box", "corners"), default="corners")
    parser.add_argument("--margin", type=float, default=MARGIN, help="in shares of the sides")
    parser.add_argument("--runtime", default="onnxruntime", help="or openvino")
    options = parser.parse_args()
    detector = YoloDetector(second_look=options.crops != "first")
    cut = FoundBy(detector, options.margin, upright=options.crops == "corners")
    tables = sorted((options.data / "annotations").glob("*.csv"))
    scenes = [table for table in tables if "crops" not in table.stem]
    comparison = evaluate_readers(
        {"rapidocr": RapidocrReader(runtime=options.runtime)},
        Material(tables=scenes, cut=cut),
        with_costs=False,
    )
    print(comparison.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
