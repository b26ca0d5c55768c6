"""How two texts differ: their alignment and their distance."""

from functools import lru_cache


def distance(first: str, second: str) -> int:
    """Edit distance: how many characters must be changed, added or left out (Levenshtein)."""
    return sum(
        ours is None or theirs is None or first[ours] != second[theirs]
        for ours, theirs in align(first, second)
    )


@lru_cache(maxsize=4096)
def align(first: str, second: str) -> tuple[tuple[int | None, int | None], ...]:
    """Pairs of places in `first` and `second` that belong together; None where one has a gap.

    The alignment with the fewest changes (Needleman and Wunsch 1970, with unit costs).
    """
    costs = _costs(first, second)
    pairs: list[tuple[int | None, int | None]] = []
    i, j = len(first), len(second)
    while i or j:
        here = costs[i][j]
        if i and j and here == costs[i - 1][j - 1] + (first[i - 1] != second[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and here == costs[i - 1][j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return tuple(reversed(pairs))


def _costs(first: str, second: str) -> list[list[int]]:
    """Fewest changes from each beginning of `first` to each beginning of `second`."""
    rows = [list(range(len(second) + 1))]
    for i, char in enumerate(first, start=1):
        row, above = [i], rows[-1]
        for j, other in enumerate(second, start=1):
            row.append(min(above[j - 1] + (char != other), above[j] + 1, row[j - 1] + 1))
        rows.append(row)
    return rows
