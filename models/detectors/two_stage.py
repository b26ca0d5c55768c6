"""Vehicles first, then the plates of each: for wide views, in which plates are small.

The vehicle is cut out of the picture as the camera gave it, so that its plate is seen larger
than in the whole picture scaled down; and what hangs on no vehicle is not reported.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le

from models.address import is_address
from models.base import Box, Corners, Detection, Detector, Image, ModelError
from models.detectors.quads import settled
from models.detectors.ultralytics import UltralyticsDetector, listed
from models.detectors.yolo import YoloDetector

VEHICLES = ("car", "motorcycle", "bus", "truck")
"""What carries plates, as COCO calls it."""

MARGIN = 0.1
"""Around a vehicle, in shares of its width and height: boxes may end before the bumper does."""

MOST_VEHICLES = 8
"""In one picture, the surest first: each costs a run of the plates' network."""

Window = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels of the picture."""

EDGE_PX = 2.0
"""What comes so near the edge of a cut goes on beyond it: half a plate, of another vehicle."""


class TwoStageDetector:
    """Finds vehicles with a model of yours, and plates in what it found.

    `vehicles` is the file or folder of a model that ultralytics loads (extra `yolo`), and
    `vehicle_classes` those of its classes, by name or number, that carry plates; None for what
    it has of `VEHICLES`, as COCO calls them, on which most models are trained. Vehicles below
    `min_vehicle_score` are not looked into. `plates` None takes our own network for plates; an
    `.onnx` file, by path or address, is one of its kind, anything else is loaded by ultralytics.
    `size`, `min_score` and, where it is ONNX, `runtime` are those of the plates' network,
    `threads` those of either. Cuts are scaled down to `size`, never up: a small vehicle is seen
    with more of what is around it.

    At most `MOST_VEHICLES` are looked into; pictures without vehicles have no plates. Raises
    `ModelError` if a model cannot be used; they are loaded here. One instance serves one thread.
    """

    def __init__(
        self,
        *,
        vehicles: Path,
        vehicle_classes: tuple[int | str, ...] | None = None,
        min_vehicle_score: Annotated[float, Ge(0), Le(1)] = 0.3,
        plates: str | Path | None = None,
        size: tuple[int, int] = (320, 320),
        min_score: Annotated[float, Ge(0), Le(1)] = 0.25,
        runtime: str = "onnxruntime",
        threads: Annotated[int, Gt(0)] = 1,
    ) -> None:
        self._vehicles = UltralyticsDetector(
            weights=vehicles, min_score=min_vehicle_score, threads=threads
        )
        _keep(self._vehicles, vehicle_classes, vehicles)
        self._least = size
        self._plates: Detector
        if plates is None or is_address(str(plates)) or str(plates).lower().endswith(".onnx"):
            self._plates = YoloDetector(
                weights=plates, size=size, min_score=min_score, runtime=runtime, threads=threads
            )
        else:
            self._plates = UltralyticsDetector(
                weights=Path(plates), size=size, min_score=min_score, threads=threads
            )

    def detect(self, image: Image) -> list[Detection]:
        """The plates of one picture, best score first, boxes clipped to the picture."""
        vehicles = self._vehicles.detect(image)[:MOST_VEHICLES]
        found = [
            one
            for each in vehicles
            for one in plates_of(each.box, image, self._plates, least=self._least)
        ]
        return settled(found, (image.shape[1], image.shape[0]))


def _keep(detector: UltralyticsDetector, classes: tuple[int | str, ...] | None, file: Path) -> None:
    if classes is None:
        names = detector.names
        classes = tuple(number for number, name in names.items() if name in VEHICLES)
        if not classes:
            raise ModelError(
                f"vehicle_classes: {file} has none of {', '.join(VEHICLES)}; name those of its"
                f" classes that carry plates: {listed(names)}"
            )
    try:
        detector.keep(classes)
    except ModelError as error:
        raise ModelError(f"vehicle_classes: {error}") from error


def plates_of(
    vehicle: Box, image: Image, plates: Detector, *, least: tuple[int, int] = (0, 0)
) -> list[Detection]:
    """What `plates` finds on one vehicle, in pixels of the picture.

    It is shown a window of `least` (width, height) pixels or more, where the picture has them.
    Networks find plates larger than those they were trained on less well: of 48 rendered
    plates 43 were found in cuts scaled up to the network's size, and all in wider windows.
    """
    size = (image.shape[1], image.shape[0])
    left, top, right, bottom = window = _window(vehicle, size, least)
    # Runtimes want their pixels in one piece.
    cut = np.ascontiguousarray(image[top:bottom, left:right])
    moved = [_moved(one, left, top) for one in plates.detect(cut)]
    reach = _window(vehicle, size)
    return [one for one in moved if _is_on(one.box, reach) and not _is_cut(one.box, window, size)]


def _window(vehicle: Box, size: tuple[int, int], least: tuple[int, int] = (0, 0)) -> Window:
    """The vehicle with its margin, but no less than `least`, within a picture of `size`."""
    x1, y1, x2, y2 = vehicle
    more_x = max(MARGIN * (x2 - x1), (least[0] - (x2 - x1)) / 2)
    more_y = max(MARGIN * (y2 - y1), (least[1] - (y2 - y1)) / 2)
    left, top = max(round(x1 - more_x), 0), max(round(y1 - more_y), 0)
    return left, top, min(round(x2 + more_x), size[0]), min(round(y2 + more_y), size[1])


def _is_on(plate: Box, vehicle: Window) -> bool:
    x, y = (plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2
    return vehicle[0] <= x <= vehicle[2] and vehicle[1] <= y <= vehicle[3]


def _moved(plate: Detection, x: int, y: int) -> Detection:
    x1, y1, x2, y2 = plate.box
    corners: Corners | None = None
    if plate.corners is not None:
        first, second, third, fourth = ((a + x, b + y) for a, b in plate.corners)
        corners = (first, second, third, fourth)
    return Detection((x1 + x, y1 + y, x2 + x, y2 + y), plate.score, corners)


def _is_cut(plate: Box, window: Window, size: tuple[int, int]) -> bool:
    """Whether the plate ends where the window does, and the picture goes on."""
    x1, y1, x2, y2 = plate
    left, top, right, bottom = window
    before = (left > 0 and x1 - left < EDGE_PX) or (top > 0 and y1 - top < EDGE_PX)
    after = (right < size[0] and right - x2 < EDGE_PX) or (
        bottom < size[1] and bottom - y2 < EDGE_PX
    )
    return before or after
