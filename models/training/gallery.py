"""A page of what a detector does wrong: each place cut out, worst first, beside all figures.

The page holds its pictures in itself and loads nothing from elsewhere. They are cut from the
data it was measured on: whoever may not pass that on may not pass on the page.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Box, Corners, Image
from models.training.faults import Fault
from models.training.figures import Evaluation, Outcome, faults_in, new_in, untouched
from models.training.negatives import RENDERED_BARE, erase, load_picture
from models.training.page import as_uri, write_page
from models.training.report import band_name, corners_text
from models.training.scene import RENDERED
from models.training.scores import Curve

MOST = 60
"""Cuts in a section; how many there are in all stands beside its title."""

CUT = (300, 200)
"""Width and height of a cut as shown, in pixels."""

CONTEXT, LEAST_PX = 3.0, 96.0
"""A cut is so many times as wide as its box, but shows so many pixels of the picture at least."""

TRUTH, FOUND = (80, 200, 60), (60, 60, 240)
"""BGR, readable on most pictures."""

Section = Literal["missed", "elsewhere", "loose", "double", "erased", "drawn"]

SECTIONS: dict[Section, tuple[str, str]] = {
    "missed": (
        "Missed plates",
        "No box at the threshold is about them. Highest plates first; the score is that of the "
        "box that found the plate below the threshold.",
    ),
    "elsewhere": (
        "False boxes",
        "They are about no annotated plate. Surest first. Real plates that nobody has boxed are "
        "among them.",
    ),
    "loose": (
        "Loose boxes",
        "They overlap their plate less than 0.6. Least overlap first. Below 0.5 such a box "
        "counts as false and its plate as missed.",
    ),
    "double": (
        "Double boxes",
        "About a plate that has its box already. Surest first.",
    ),
    "erased": (
        "Boxes that appear when plates are painted over",
        "The same picture with its plates does not have them. Surest first. A few are plates in "
        "the background that nobody has boxed.",
    ),
    "drawn": (
        "False boxes in rendered pictures",
        "Surest first. Everything in them is known: none of these is a plate.",
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of a section before its picture is cut."""

    section: Section
    outcome: Outcome
    fault: Fault

    def badness(self) -> float:
        """By which the entries of a section are ordered, the largest first."""
        if self.section == "missed":
            return self.fault.box[3] - self.fault.box[1]
        return -self.fault.overlap if self.section == "loose" else self.fault.score or 0.0

    def caption(self) -> str:
        """What is to be known of this place."""
        x1, y1, x2, y2 = self.fault.box
        words = [f"{x2 - x1:.0f}x{y2 - y1:.0f} px"]
        if self.fault.score is not None:
            words.append(f"score {self.fault.score:.2f}")
        if self.section in ("loose", "double"):
            words.append(f"overlap {self.fault.overlap:.2f}")
        return ", ".join(words)


def write_gallery(
    file: Path, evaluation: Evaluation, outcomes: Iterable[Outcome], most: int = MOST
) -> None:
    """One HTML file. Raises `ModelError` where jinja2 is missing or the file cannot be written."""
    write_page(
        file,
        "detector_gallery.html",
        band_name=band_name,
        corners_text=corners_text,
        path_of=path_of,
        evaluation=evaluation,
        sections=list(_sections(list(outcomes), most)),
    )


def places_in(outcomes: Sequence[Outcome]) -> list[Place]:
    """Every fault of every picture; of pictures painted over only what is new there."""
    places = []
    before = untouched(outcomes)
    for one in outcomes:
        if not one.erased:
            places += [Place(_section(one, fault), one, fault) for fault in faults_in(one)]
            continue
        for new in new_in(one, before[one.scene.path]):
            places.append(Place("erased", one, Fault("elsewhere", new.box, new.score, 0.0)))
    return sorted(places, key=lambda place: -place.badness())


def _section(outcome: Outcome, fault: Fault) -> Section:
    drawn = outcome.source in (RENDERED, RENDERED_BARE) and fault.kind == "elsewhere"
    return "drawn" if drawn else fault.kind


def path_of(curve: Curve) -> str:
    """The points of an SVG polyline, recall to the right and precision upwards, 100 by 100."""
    return " ".join(
        f"{100 * recall:.2f},{100 - 100 * right:.2f}" for recall, right, _ in curve.points
    )


def cut(outcome: Outcome, around: Box) -> Image:
    """The place as a picture of size CUT: plates green, detections red with their scores."""
    image = load_picture(outcome.scene.path)
    if outcome.erased:
        image = erase(image, outcome.scene.boxes)
    wide, high = CUT
    x1, y1, x2, y2 = around
    seen = max(CONTEXT * max(x2 - x1, (y2 - y1) * wide / high), LEAST_PX)
    scale = wide / seen
    shift = np.array([wide / 2 - scale * (x1 + x2) / 2, high / 2 - scale * (y1 + y2) / 2])
    placing = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    # shrinking by interpolation alone would drop pixels
    soft = cv2.GaussianBlur(image, (0, 0), 0.4 / scale) if scale < 0.7 else image
    shown = np.asarray(cv2.warpAffine(soft, placing, CUT, borderValue=(128, 128, 128)), np.uint8)
    for box in outcome.boxes:
        _draw(shown, _quad(box), placing, TRUTH)
    for one in reversed(outcome.used):
        corner = _draw(shown, one.corners or _quad(one.box), placing, FOUND)
        if corner is not None:
            _write(shown, f"{one.score:.2f}", corner)
    return shown


def _sections(outcomes: Sequence[Outcome], most: int) -> Iterator[dict[str, object]]:
    places = places_in(outcomes)
    for section, (title, text) in SECTIONS.items():
        mine = [place for place in places if place.section == section]
        if not mine and section in ("erased", "drawn"):
            continue
        figures = [
            {
                "picture": as_uri(cut(place.outcome, place.fault.box)),
                "source": place.outcome.source,
                "file": place.outcome.scene.path.name,
                "caption": place.caption(),
            }
            for place in mine[:most]
        ]
        yield {"title": title, "text": text, "total": len(mine), "figures": figures}


def _quad(box: Box) -> Corners:
    x1, y1, x2, y2 = box
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


def _draw(
    image: Image, quad: Corners, placing: NDArray[np.float64], colour: tuple[int, int, int]
) -> tuple[int, int] | None:
    """The outline; gives the top left corner of its bounds in the cut, None if all is outside."""
    points = np.array(quad) @ placing[:, :2].T + placing[:, 2]
    outline = points.round().astype(np.int32)
    cv2.polylines(image, [outline], True, colour, 1, cv2.LINE_AA)
    (left, top), (right, bottom) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
    seen = right >= 0 and bottom >= 0 and left < CUT[0] and top < CUT[1]
    return (left, top) if seen else None


def _write(image: Image, text: str, at: tuple[int, int]) -> None:
    """Above the place, on dark, and inside the picture."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.38, 1)
    x = min(max(0, at[0]), image.shape[1] - width - 2)
    y = min(max(height + 4, at[1] - 2), image.shape[0] - 2)
    cv2.rectangle(image, (x, y - height - 3), (x + width + 2, y + 2), (20, 20, 20), -1)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, text, (x + 1, y), font, 0.38, (160, 160, 255), 1, cv2.LINE_AA)
