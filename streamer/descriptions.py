"""What the fields of the schemas mean, for those who read JSON: each key is a schema or a type."""

from typing import Any

_TRACKED = {
    "camera": "Name of the camera, as in the configuration.",
    "looks": "How many single readings went into the vote.",
    "agreement": "Share (0..1) of the looks that read this very text, 0 and O, 1 and I as one.",
    "track_id": "Number of the track in its camera, since the start; for the log.",
    "first_seen": "When the plate was first seen, UTC (RFC 3339, milliseconds).",
    "last_seen": "When it had last been seen, UTC; an event may come before the vehicle leaves.",
    "direction": "How the plate moved in the picture: approaching grows, receding shrinks. null:"
    " not known.",
    "box": "The plate in the picture: x1, y1, x2, y2 in pixels of the frame, origin upper left.",
    "frame_size": "Width and height of the frame in pixels.",
    "reasons": "What speaks for the plate and against it, in words, for people.",
}
DESCRIPTIONS: dict[str, dict[str, str]] = {
    "plate-event/1": {
        "": "One vehicle that passed a camera. At least once: `id` tells repetitions.",
        "schema": "Name and version of this schema.",
        "id": "UUID version 7; the same on every channel and in every repetition.",
        "plate": "What was read: upper case, letters and digits only.",
        "confidence": "Calibrated probability (0..1) that the whole plate is right.",
        "characters": "The characters of `plate`, in order.",
        "candidates": "Other readings that the evidence allows, the likeliest first.",
        "read_at": "When it was decided, UTC. A gate should not open for one that is old.",
        "snapshot": "Path of the picture (JPEG) on the daemon's machine; null: none was kept.",
        "crop": "Path of the picture of the plate alone; null: none was kept.",
        "watchlist": "What the watchlists say of the plate; null: it is on none.",
        "owner": "What was found out about the vehicle's owner; null: nothing.",
        "way": "Whether it passed a place of the configuration where vehicles enter, or leave;"
        " null: neither.",
        "speed": "How fast the vehicle was; null: the camera measures no speed.",
        **_TRACKED,
    },
    "plate-rejected/1": {
        "": "A plate that was seen and not told as an event, and why. Not kept for later.",
        "schema": "Name and version of this schema.",
        "reason": "Why it was withheld: told already, too unsure, no digit in it, too short, or"
        " nothing legible.",
        "plate": "What was read, letters and digits only; may be empty.",
        "confidence": "Calibrated probability (0..1) that the whole plate is right.",
        "rejected_at": "When it was decided, UTC.",
        "event": "Of a duplicate: the id of the event that told of it; else null.",
        **_TRACKED,
    },
    "plate-parking/1": {
        "": "A vehicle came to park, left, or has stayed too long. At least once: `id` tells"
        " repetitions.",
        "schema": "Name and version of this schema.",
        "id": "UUID version 7; the same in every repetition, another for each state.",
        "camera": "Name of the camera that saw it, as in the configuration.",
        "state": "What happened.",
        "session": "The same from entering to leaving.",
        "plate": "As it was read on entering, where that is known; letters and digits only.",
        "at": "When it happened, UTC (RFC 3339, milliseconds).",
        "entered_at": "When it entered, UTC; null: nobody saw that.",
        "left_at": "When it left, UTC; null while it is inside.",
        "duration_s": "How long it was inside, in seconds; null while it is, or when not known.",
        "entry_event": "The id of the plate event on entering; null: none.",
        "exit_event": "The id of the plate event on leaving; null: none.",
        "occupancy": "How many vehicles are inside now.",
        "capacity": "How many there is room for; null: not configured.",
    },
    "Character": {
        "": "One character of a plate.",
        "char": "A letter or a digit.",
        "confidence": "Probability (0..1) that it is right.",
    },
    "Candidate": {
        "": "Another reading that the evidence allows.",
        "plate": "Its text, letters and digits only.",
        "confidence": "Its probability (0..1).",
    },
    "Speed": {
        "": "A vehicle's speed. No calibrated measurement: not for fines.",
        "kmh": "Kilometres per hour; null: not known, see `reason`.",
        "error_kmh": "19 times of 20 the true speed is within `kmh` plus or minus this; null: not"
        " known.",
        "method": "By the camera: two lines, or points of the road; or by a radar.",
        "reason": "Why `kmh` is null: it stood, did not pass the stretch, was seen too seldom or"
        " too unevenly, or the radar was silent; else null.",
    },
    "Watched": {
        "": "What the watchlists say of a plate.",
        "verdict": "The kind of list that prevails: deny before allow before notify.",
        "matches": "Every entry that matched.",
    },
    "ListMatch": {
        "": "An entry of a watchlist that a plate matched.",
        "list": "Name of the list.",
        "kind": "What the list is for.",
        "entry": "The entry, as it stands in the list.",
        "how": "exact; wildcard: by a pattern; near: as readers misread.",
        "distance": "What the misreadings between plate and entry cost; 0: none.",
        "note": "What the entry says of the vehicle.",
    },
}


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON Schema of one of these, with what its fields mean instead of their titles."""
    named = {**schema.get("$defs", {}), schema["title"]: schema}
    for name, part in named.items():
        texts = DESCRIPTIONS.get(name, {})
        part["description"] = texts.get("", "")
        for key, field in part["properties"].items():
            field.pop("title", None)
            if key in texts:
                field["description"] = texts[key]
    return schema
