"""What is trained on and what is held back: whole sources, never a picture of each.

The frames of one clip are nearly the same picture. Were some of them trained on, the others
would say little of how well a detector does on vehicles that it has never seen.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

SOURCES_BY = ("folder", "prefix")


@dataclass(frozen=True, slots=True)
class Split:
    """`of` gives each picture `train` or `val`; `notes` tell where it is not as asked."""

    of: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def split_of(name: str, val_share: float) -> str:
    """`train` or `val`, by a hash of the name: the same on every machine and day."""
    return "val" if _rank(name) < val_share * 2**64 else "train"


def _rank(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def source_of(picture: str, by: str = "folder") -> str:
    """The source of a picture, given its path below the folder of the pictures.

    By `folder`: the folder it lies in. By `prefix`: the letters that its own name begins with,
    up to the first digit or separator (`gate-0012.jpg` is of `gate`, as `gate7.jpg` is).
    """
    path = PurePosixPath(picture)
    if by == "folder":
        return "" if path.parent.name == "" else path.parent.as_posix()
    letters = re.match(r"[^\W\d_]*", path.stem)
    return letters.group() if letters else ""


def split_pictures(
    pictures: Sequence[str], near: Mapping[str, str], by: str, val_share: float
) -> Split:
    """Hold back about `val_share` of the pictures, in groups that are never divided.

    A group is a source with all sources that it shares near-duplicates with: `near` gives each
    picture the first of those near it. The group's first name decides, by its hash, so
    pictures may be added and nothing changes sides. Where that leaves next to nothing for one
    side, as with one source alone, the groups are made smaller, and `notes` says so.
    """

    def source(picture: str) -> str:
        return source_of(picture, by)

    found = Split()
    sources = {source(picture) for picture in pictures}
    ways: list[tuple[str, Callable[[str], str], Mapping[str, str]]] = [
        (f"{len(sources)} sources, near-duplicates together", source, near),
        (f"{len(sources)} sources, near-duplicates apart", source, {}),
        ("pictures, near-duplicates together", str, near),
        ("pictures", str, {}),
    ]
    for way, key, links in ways if len(sources) > 1 else ways[2:]:
        groups = _groups(pictures, key, links)
        largest = max(Counter(groups.values()).values(), default=0)
        spare = min(val_share, 1 - val_share) / 2
        if largest <= (1 - spare) * len(pictures):
            break
        found.notes.append(f"split by {way}: one group would hold {largest} of {len(pictures)}")
    if len(sources) <= 1:
        found.notes.insert(0, f"all pictures are of one source (by {by})")
    found.notes.append(f"split by {way}")
    sides = sides_of(Counter(groups.values()), val_share, found.notes)
    found.of.update((picture, sides[group]) for picture, group in groups.items())
    return found


def _groups(
    pictures: Iterable[str], key: Callable[[str], str], near: Mapping[str, str]
) -> dict[str, str]:
    """The group of each picture, named by the first key in it."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for picture in pictures:
        first, second = sorted((root(key(picture)), root(key(near.get(picture, picture)))))
        parent[second] = first
    return {picture: root(key(picture)) for picture in pictures}


def sides_of(groups: Counter[str], val_share: float, notes: list[str]) -> dict[str, str]:
    """Each group's side, by the hash of its name; `groups` has their sizes.

    Where chance leaves one side empty, the group of the fittest size moves, and `notes` says so.
    """
    sides = {group: split_of(group, val_share) for group in groups}
    for side, share in (("val", val_share), ("train", 1 - val_share)):
        if side not in sides.values() and len(groups) > 1 and 0 < val_share < 1:
            wanted = share * groups.total()
            moved = min(sorted(groups), key=lambda group: abs(groups[group] - wanted))
            sides[moved] = side
            notes.append(f"chance gave {side} nothing: it has {moved!r}")
    return sides
