"""The figures of an evaluation as text for people, no line wider than 100 columns."""

from collections.abc import Sequence

from models.training.faults import Bare, FaultCount
from models.training.scores import Score
from models.training.tightness import BandScore, Tightness


def scores_text(scores: Sequence[Score], end: str) -> str:
    """One source a line; `end` says what threshold the figures at the right are at."""
    head = (
        f"{'source':22} pictures plates   AP50 AP50-95  precision recall  false boxes per picture"
    )
    lines = [
        f"{one.source:22} {one.pictures:8d} {one.plates:6d}  {one.ap50:5.3f}   "
        f"{one.ap50_95:5.3f}      {one.precision:5.3f}  {one.recall:5.3f}  "
        f"{one.false_per_picture:6.3f}"
        for one in scores
    ]
    return "\n".join([head, *lines, f"precision, recall, false boxes {end}"])


def fault_text(faults: Sequence[FaultCount]) -> str:
    """How many faults of which kind."""
    if not faults:
        return ""
    head = f"{'faults':22} missed loose double elsewhere"
    lines = [
        f"{one.source:22} {one.missed:6d} {one.loose:5d} {one.double:6d} {one.elsewhere:9d}"
        for one in faults
    ]
    return "\n".join([head, *lines])


def tightness_text(found: Sequence[Tightness]) -> str:
    """How boxes fit; a side's median and its median absolute deviation in hundredths."""
    if not found:
        return ""
    head = (
        f"{'fit of boxes':18} found   IoU  area  beyond the plate's side, % of its width and height"
    )
    lines = [head, f"{'':36}{'left':>7}{'top':>10}{'right':>10}{'bottom':>10}    corners"]
    for one in found:
        sides = "".join(
            f"{100 * middle:+6.1f} ±{100 * spread:2.0f}"
            for middle, spread in zip(one.beyond, one.spread, strict=True)
        )
        lines.append(
            f"{one.source:18} {one.found:5d} {one.median_iou:5.3f} {one.area_ratio:5.2f}"
            f" {sides}  {corners_text(one)}"
        )
    return "\n".join(lines)


def corners_text(one: Tightness) -> str:
    """How many boxes have corners and how far off these are."""
    if not one.corner_share:
        return "none"
    share = f"{one.corner_share:.0%}"
    if one.corner_error is None or one.corner_error_p90 is None:
        return share
    return f"{share}, off {100 * one.corner_error:.0f}, p90 {100 * one.corner_error_p90:.0f}"


def bands_text(bands: Sequence[BandScore]) -> str:
    """What becomes of plates by their height in the stored picture."""
    if not bands:
        return ""
    head = f"{'by height of plates':22} {'pixels':>8} plates recall   AP50 median IoU"
    return "\n".join([head, *(_band_line(one) for one in bands)])


def _band_line(one: BandScore) -> str:
    start = f"{one.source:22} {band_name(one):>8} {one.plates:6d}"
    if not one.plates:
        return f"{start}      -      -          -"
    overlap = "-" if one.median_iou is None else f"{one.median_iou:.3f}"
    return f"{start}  {one.recall:5.3f}  {one.ap50:5.3f} {overlap:>10}"


def band_name(one: BandScore) -> str:
    """`<12`, `12-16`, `>=96`: heights in pixels, the second one excluded."""
    if one.high is None:
        return f">={one.low:g}"
    return f"{one.low:g}-{one.high:g}" if one.low else f"<{one.high:g}"


def bare_text(bare: Sequence[Bare]) -> str:
    """False boxes where there are no plates; `new` and `on paint` see `Bare`."""
    if not bare:
        return ""
    head = (
        f"{'pictures without plates':23} pictures false boxes per picture  pictures with any"
        "   new  on paint"
    )
    lines = [
        f"{one.source:23} {one.pictures:8d} {one.false_boxes:11d} {one.false_per_picture:11.3f}"
        f"  {one.with_false:17.1%} {_or_blank(one.new):>5} {_or_blank(one.at_plate):>9}"
        for one in bare
    ]
    return "\n".join(line.rstrip() for line in [head, *lines])


def _or_blank(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
