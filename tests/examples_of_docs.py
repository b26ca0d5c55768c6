"""Where the examples of the documentation are."""

from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = DOCS / "examples"
