"""How often the direction of an event is right, on looks that `evaluate passages --record` kept.

    plate-streamer evaluate passages --passages 320 --seed 0 --record looks.gz
    python benchmarks/directions.py looks.gz

Votes on them twice: as by default, and as where a car park counts by direction, when events wait
for it. All vehicles of the rendered films come nearer, but those of conditions that leave.
"""

import sys
from collections import Counter
from pathlib import Path

from models.training.traffic import CONDITIONS
from streamer.app import default_config
from streamer.config import Config, make
from streamer.evaluation.recorded import read
from streamer.evaluation.revoted import asked_for
from streamer.one_camera import formats_of
from streamer.pipeline import in_turn
from streamer.places import Places
from streamer.settled import Settled
from streamer.stages.vote import utc_now

LEAVING = {one.name for one in CONDITIONS if one.leaving}


def judged(path: Path, config: Config, directed: bool) -> Counter[str]:
    """How many directions were right, wrong, stationary, or not told."""
    found: Counter[str] = Counter()
    for film in read(path):
        truth = "receding" if film.condition in LEAVING else "approaching"
        settled = Settled()
        given = (formats_of(config), lambda _: None, utc_now, None, Places(directed=directed))
        vote = make(config.parts["vote"], settled, *given)
        for decided in in_turn([vote], asked_for(film, settled, config)):
            said = decided.event.direction
            if said in (None, "stationary"):
                found[said or "not told"] += 1
            else:
                found["right" if said == truth else "wrong"] += 1
    return found


if __name__ == "__main__":
    usual = default_config("synthetic:")
    for way, directed in (("by default", False), ("waits for it", True)):
        print(f"{way}: {dict(judged(Path(sys.argv[1]), usual, directed))}")
