"""Boxes in, tracks out. Knows arrays and seconds; no pictures, no cameras.

Trackers by name: a part is one file and one line here; it is imported only when chosen. The
keyword parameters of a tracker's constructor are its options in the configuration.
"""

TRACKERS = {
    "sort": "trackers.sort:Sort",
}
