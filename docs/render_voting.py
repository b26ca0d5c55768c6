"""Makes docs/voting.png: looks at one plate of rendered traffic in the rain, and their vote.

python docs/render_voting.py      (after `make install-test`)

It also prints what docs/voting.md says in words: each look with its worth, and the plate that the
first looks elect, as they become more.
"""

from pathlib import Path

import cv2
import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.training.traffic import CONDITIONS, Traffic
from streamer.app import default_config
from streamer.data import Look
from streamer.evaluation.passages import Unheard
from streamer.evaluation.recorded import frame_at
from streamer.evidence import _aligned
from streamer.formats import as_seen
from streamer.one_camera import formats_of, models_of, stages_of
from streamer.pipeline import in_turn
from streamer.voting import Opinion, vote

CONDITION, SEED, TRACK, LOOKS = "rain", 2, 6, 9
CONFIG = default_config("synthetic:")
FORMATS = formats_of(CONFIG)


def looks_of_the_plate() -> list[Look]:
    """The first looks at which something was legible."""
    (condition,) = (one for one in CONDITIONS if one.name == CONDITION)
    film = Traffic(condition, SEED, 2)
    sight = stages_of(CONFIG, models_of(CONFIG), Unheard(), live=False)[:-1]
    frames = (frame_at(time_s, image) for time_s, image in film.frames())
    found = [
        look
        for item in in_turn(sight, frames)
        for look in item.looks
        if look.track_id == TRACK and look.reading.text
    ]
    return found[:LOOKS]


def draw(looks: list[Look]) -> Figure:
    """A line per look: its crop, what it says of each column, its worth; below, the vote."""
    opinions = [Opinion(look.reading, look.quality) for look in looks]
    rows = _aligned([(as_seen(one.reading), one.worth) for one in opinions])
    columns = len(rows[0])
    figure = Figure(figsize=(10, 0.52 * len(looks) + 1.6), layout="constrained")
    grid = figure.add_gridspec(len(looks) + 1, 3, width_ratios=(2.2, columns * 0.8, 1.6))
    for n, (look, row, opinion) in enumerate(zip(looks, rows, opinions, strict=True)):
        crop = figure.add_subplot(grid[n, 0])
        crop.imshow(cv2.cvtColor(look.crop, cv2.COLOR_BGR2RGB), aspect="auto")
        crop.set_axis_off()
        best = [max(cell.items(), key=lambda one: one[1]) for cell in row]
        cells(figure.add_subplot(grid[n, 1]), best)
        bar(figure.add_subplot(grid[n, 2]), opinion.worth, f"counts {opinion.worth:.2f}")
    plate = vote(opinions, FORMATS)
    label = figure.add_subplot(grid[-1, 0])
    label.text(1, 0.5, "the vote", ha="right", va="center", weight="bold")
    label.set_axis_off()
    elected = [(one.char, one.confidence) for one in plate.characters]
    elected += [("", 1.0)] * (columns - len(elected))
    cells(figure.add_subplot(grid[-1, 1]), elected)
    bar(figure.add_subplot(grid[-1, 2]), plate.confidence, f"right with {plate.confidence:.2f}")
    return figure


def cells(axes: Axes, characters: list[tuple[str, float]]) -> None:
    """One cell per column, the greener the surer."""
    colours = mpl.colormaps["RdYlGn"]
    for n, (char, share) in enumerate(characters):
        if char:
            axes.add_patch(mpl.patches.Rectangle((n, 0), 0.94, 1, color=colours(share), alpha=0.75))
            axes.text(n + 0.36, 0.5, char, ha="center", va="center", weight="bold", size=13)
            axes.text(n + 0.9, 0.12, f"{share:.2f}", ha="right", va="center", size=6)
    axes.set_xlim(0, len(characters))
    axes.set_ylim(0, 1)
    axes.set_axis_off()


def bar(axes: Axes, share: float, text: str) -> None:
    """How much, as a bar with words in it."""
    axes.barh(0, share, color="tab:blue", alpha=0.5)
    axes.text(0.02, 0, text, va="center", size=9)
    axes.set_xlim(0, 1)
    axes.set_axis_off()


if __name__ == "__main__":
    looks = looks_of_the_plate()
    opinions = [Opinion(look.reading, look.quality) for look in looks]
    for n, one in enumerate(opinions, start=1):
        plate = vote(opinions[:n], FORMATS)
        print(
            f"{n} {one.reading.text:11} surest {max(one.reading.confidences):.2f}"
            f" weakest {min(one.reading.confidences):.2f} quality {one.quality:.2f}"
            f" counts {one.worth:.2f}  elected {plate.text:11} {plate.confidence:.3f}"
            f" agreement {plate.agreement:.2f}"
        )
    print(*vote(opinions, FORMATS).reasons, sep="\n")
    draw(looks).savefig(Path(__file__).with_name("voting.png"), dpi=110)
