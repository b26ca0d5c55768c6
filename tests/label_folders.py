"""Pictures with labels, for tests: written as files, and imported."""

from PIL import Image

from models.training.tables import COLUMNS


def imported(style, labels, images, **options):
    """All that is labelled, duplicates as well; `options` are those of `import_labels`."""
    from models.training.imports import import_labels

    return import_labels(
        style=style, annotations=labels, images=images, duplicate_bits=None, **options
    )


def write(root, found, orientation=1):
    """The pictures below `images`, and their table."""
    lines = [",".join(COLUMNS)]
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name, (width, height, plates, split) in found.items():
        file = root / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        stored = (height, width) if orientation >= 5 else (width, height)
        Image.new("L", stored).save(file, exif=exif)
        for *box, text in plates:
            sides = ",".join(map(str, box))
            lines.append(f"{name},{width},{height},{sides},{text},{split}")
    table = root / "table.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table
