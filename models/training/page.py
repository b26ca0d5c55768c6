"""Pages that hold everything in themselves: templates, their look, and pictures as data."""

import base64
from pathlib import Path

import cv2

from models.base import Image, ModelError

PAGES = Path(__file__).with_name("pages")


def write_page(file: Path, template: str, **values: object) -> None:
    """One HTML file. Raises `ModelError` where jinja2 is missing or the file cannot be written."""
    try:
        import jinja2
    except ImportError:
        raise ModelError("a gallery needs jinja2: pip install 'plate-streamer[train]'") from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (PAGES / "style.css").read_text(encoding="utf-8")
    page = environment.get_template(template).render(style=style, **values)
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{file}: cannot be written: {error.strerror}") from None


def as_uri(image: Image) -> str:
    """A picture as a `data:` address, JPEG."""
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
