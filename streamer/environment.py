"""Faults of the installation that no package manager reports, looked for at start-up."""

from collections.abc import Mapping, Sequence
from importlib.metadata import packages_distributions

OURS = ("streamer", "trackers", "models")
DISTRIBUTION = "plate-streamer"


def installation_faults(
    distributions: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """One line per fault, with the mend; empty when all is well.

    `distributions` maps top-level packages to the distributions that brought them (default:
    what is installed). Several wheels of OpenCV write the same `cv2` folder and the last one
    wins in silence; a stranger's package with one of our names would shadow ours.
    """
    found = packages_distributions() if distributions is None else distributions
    return [*_opencv_faults(found), *_name_faults(found)]


def _opencv_faults(found: Mapping[str, Sequence[str]]) -> list[str]:
    wheels = sorted(set(found.get("cv2", ())))
    if len(wheels) == 1:
        return []
    if not wheels:
        return ["no wheel of OpenCV is installed; pip install opencv-python-headless"]
    keep = "opencv-contrib-python" if "paddlex" in found else "opencv-python-headless"
    return [
        f"{len(wheels)} wheels of OpenCV are installed ({', '.join(wheels)}) and overwrite each "
        f"other; pip uninstall -y {' '.join(wheels)}; pip install --no-deps {keep}"
    ]


def _name_faults(found: Mapping[str, Sequence[str]]) -> list[str]:
    faults = []
    for name in OURS:
        strangers = sorted(set(found.get(name, ())) - {DISTRIBUTION})
        if strangers:
            faults.append(
                f"the package '{name}' also comes with {', '.join(strangers)}; "
                f"install plate-streamer in an environment of its own"
            )
    return faults
