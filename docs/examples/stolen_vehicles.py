"""Is it stolen? Takes the daemon's webhooks, and tells of the plates of a list.

STOLEN=stolen.csv flask --app stolen_vehicles run

    sinks:
      webhook:
        url: http://127.0.0.1:5000/events

`stolen.csv` has a column `plate`, and is read again when it changes. What the daemon can do by
itself (watchlists, docs/watchlists.md) is better done there: this is for lists that it cannot
read, such as a service of the police, and for what else should happen then.
"""

import csv
import os
from collections import deque
from pathlib import Path

from flask import Flask, request

from streamer.plates import canonical

app = Flask(__name__)
alarms: deque[dict[str, object]] = deque(maxlen=1000)
seen: deque[str] = deque(maxlen=10_000)


def stolen() -> set[str]:
    with Path(os.environ["STOLEN"]).open(encoding="utf-8", newline="") as file:
        return {canonical(row["plate"]) for row in csv.DictReader(file)}


@app.post("/events")
def take() -> tuple[str, int]:
    event = request.get_json()
    if event["id"] in seen:  # delivery is at least once
        return "", 204
    readings = {event["plate"], *(one["plate"] for one in event["candidates"])}
    # Also where the camera was not sure: somebody looks at it before anything happens.
    if hits := readings & stolen():
        alarms.append({"listed": sorted(hits), "sure": event["plate"] in hits, "event": event})
        print(f"STOLEN: {', '.join(sorted(hits))} at {event['camera']}", flush=True)
    seen.append(event["id"])
    return "", 204


@app.get("/alarms")
def told() -> list[dict[str, object]]:
    return list(alarms)
