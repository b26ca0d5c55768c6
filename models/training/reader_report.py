"""The figures of readers as text for people, no line wider than 100 columns."""

from collections.abc import Mapping, Sequence

from models.training.reader_figures import ReaderEvaluation, Refusal
from models.training.reader_scores import Score

CONFUSIONS = 24
COVERAGE_SHOWN = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)


def evaluation_text(one: ReaderEvaluation) -> str:
    """All figures of one reader."""
    blocks = [
        _title(one),
        scores_text("source", one.scores),
        scores_text("height", one.heights),
        scores_text("shape", [*one.shapes, *one.rows]),
        _errors_text(one),
        _confidence_text(one),
        refusals_text(one.refusals),
    ]
    return "\n\n".join(block for block in blocks if block)


def _title(one: ReaderEvaluation) -> str:
    kind = "with knowledge of formats" if one.informed else "as it is"
    cost = "" if one.cost_ms is None else f"; {one.cost_ms:.2f} ms of processor time a crop"
    return f"reader {one.reader}, {kind}{cost}"


def scores_text(head: str, scores: Sequence[Score]) -> str:
    """One group a line; `chars` is the character error rate, `ECE` the calibration error."""
    if not scores:
        return ""
    top = f"{head:22} plates  right  whole plate  chars   >=16 px  believed  of these right   ECE"
    lines = [
        f"{one.group:22} {one.plates:6d} {one.right:6d} {one.accuracy:12.1%}"
        f" {one.character_errors:6.1%} {share(one.legible_accuracy):>9} {one.accepted_share:9.1%}"
        f" {share(one.accepted_accuracy):>15} {one.calibration_error:5.3f}"
        for one in scores
    ]
    return "\n".join([top, *lines])


def share(value: float | None) -> str:
    """Per cent, or a dash where nothing was counted."""
    return "-" if value is None else f"{value:.1%}"


def _errors_text(one: ReaderEvaluation) -> str:
    words = [f"{one.wrong} misread: {one.one_off} by one character, {one.empty} with nothing read"]
    if one.not_found:
        words[0] += f", {one.not_found} not found by the detector"
    reasons = ", ".join(f"{why} {count}" for why, count in one.reasons.items())
    words.append(f"reasons for doubt: {reasons or 'none'}")
    if one.confusions:
        words.append("what was taken for what (∅ is nothing):")
        shown = [f"{pair!s:10}" for pair in one.confusions[:CONFUSIONS]]
        words += ["  " + "".join(shown[n : n + 8]).rstrip() for n in range(0, len(shown), 8)]
    return "\n".join(words)


def _confidence_text(one: ReaderEvaluation) -> str:
    kind = "as calibrated" if one.calibrated else "uncalibrated: the product over the characters"
    lines = [f"confidence ({kind}), and how much of it is right:"]
    lines += [
        f"  {point.low:.1f}-{point.high:.1f} {point.count:5d} readings,"
        f" said {point.confidence:6.1%}, right {point.accuracy:6.1%}"
        for point in one.reliability
    ]
    shown = [(part, right) for part, right in one.coverage if part in COVERAGE_SHOWN]
    surest = ", ".join(f"{part:.0%} {right:.1%}" for part, right in shown)
    return "\n".join([*lines, f"right among the surest: {surest}"])


def refusals_text(refusals: Sequence[Refusal]) -> str:
    """What is no plate and was believed, by kind."""
    if not refusals:
        return ""
    lines = [f"{'no whole plate':22} pictures  believed            surest first"]
    for one in refusals:
        rate = one.accepted / one.pictures
        line = (
            f"{one.kind:22} {one.pictures:8d} {one.accepted:9d} {rate:7.1%}   {' '.join(one.texts)}"
        )
        lines.append(line.rstrip()[:100])
    pictures, accepted = sum(x.pictures for x in refusals), sum(x.accepted for x in refusals)
    lines.append(f"{'all':22} {pictures:8d} {accepted:9d} {accepted / pictures:7.1%}")
    return "\n".join(lines)


def comparison_rows(found: Sequence[ReaderEvaluation]) -> list[tuple[str, list[str]]]:
    """Figures that readers are compared by: a name, and a value for each reader."""
    rows = [
        (f"{one.group} ({one.plates})", [f"{x.scores[n].accuracy:.1%}" for x in found])
        for n, one in enumerate(found[0].scores)
    ]
    figures: list[tuple[str, list[str]]] = [
        (">=16 px", [share(x.overall.legible_accuracy) for x in found]),
        ("character errors", [f"{x.overall.character_errors:.1%}" for x in found]),
        ("believed", [f"{x.overall.accepted_share:.1%}" for x in found]),
        ("right among these", [share(x.overall.accepted_accuracy) for x in found]),
        ("calibration error", [f"{x.overall.calibration_error:.3f}" for x in found]),
    ]
    if found[0].refusals:
        figures.append(("non-plates believed", [share(x.accepted_non_plates) for x in found]))
    return rows + figures


def cost_rows(costs: Mapping[str, float], names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Processor time per crop, and its ratio to the first reader, for the readers named."""
    if not costs:
        return []
    first = costs[names[0]]
    return [
        ("ms a crop", [f"{costs[name]:.2f}" for name in names]),
        (f"times {names[0]}", [f"{costs[name] / first:.2f}" for name in names]),
    ]


def comparison_text(found: Sequence[ReaderEvaluation], costs: Mapping[str, float]) -> str:
    """Readers side by side; `costs` has each of them, and may have more than these."""
    names = [one.reader for one in found]
    rows = comparison_rows(found) + cost_rows(costs, names)
    wide = min(18, max(9, *(len(name) + 2 for name in names)))
    lines = [f"{'':26}" + "".join(f"{name[: wide - 1]:>{wide}}" for name in names)]
    lines += [f"{name[:26]:26}" + "".join(f"{v:>{wide}}" for v in values) for name, values in rows]
    return "\n".join(lines)


def costs_text(costs: Mapping[str, float], how: str) -> str:
    """What a crop costs, each against each: one line a reader."""
    names = list(costs)
    lines = [f"processor time a crop: {how}"]
    for name in names:
        others = (
            f"{costs[name] / costs[other]:.2f} of {other}" for other in names if other != name
        )
        lines.append(f"  {name:22} {costs[name]:7.2f} ms  {', '.join(others)}"[:100].rstrip())
    return "\n".join(lines)
