"""The page on an import: what it counts, what it shows, and that it holds all it needs."""

import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

for name in ("pandas", "imagehash", "jinja2"):
    pytest.importorskip(name, reason="a summary needs the extra train")
from models.training.charts import HEIGHT, WIDTH, histogram  # noqa: E402
from models.training.summary import odd_boxes, write_summary  # noqa: E402
from models.training.synthesis import render_scene  # noqa: E402
from models.training.tables import AnnotationError  # noqa: E402
from models.training.voc import import_voc  # noqa: E402

PICTURE = re.compile(r'src="data:image/jpeg;base64,([^"]+)"')


def write_voc(file, image, boxes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), image)
    objects = "".join(
        f"<object><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox>"
        "</object>"
        for a, b, c, d in boxes
    )
    name = file.name.replace("&", "&amp;").replace("<", "&lt;")
    text = f"<annotation><filename>{name}</filename>{objects}</annotation>"
    file.with_suffix(".xml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Two clips of rendered scenes; one picture is there twice, and some boxes are odd."""
    root, rng = tmp_path_factory.mktemp("voc"), np.random.default_rng(4)
    for number in range(4):
        image = render_scene(rng, (480, 270)).image
        write_voc(root / f"clip{number % 2}/{number}.jpg", image, [(200, 150, 280, 172)])
    write_voc(root / "clip1/4 & <b>.jpg", image, [(200, 150, 280, 172)])
    odd = [(10, 10, 20, 14), (10, 40, 300, 60), (400, 20, 420, 90), (-30, 200, 60, 230)]
    write_voc(root / "odd/5.jpg", render_scene(rng, (480, 270)).image, [*odd, (9, 9, 9, 9)])
    write_voc(root / "odd/6.jpg", render_scene(rng, (480, 270)).image, [(0, 0, 480, 268)])
    return import_voc(annotations=root, images=root, val_share=0.5)


def page_of(imported, place) -> str:
    write_summary(imported, place / "deep/summary.html", "mine & <i>yours</i>.csv")
    return (place / "deep/summary.html").read_text(encoding="utf-8")


class Cells(HTMLParser):
    """The tables of a page, row by row."""

    def __init__(self, page) -> None:
        super().__init__()
        self.rows, self.open, self.addresses = [], False, []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        self.open = tag in ("td", "th")
        self.addresses += [value for key, value in attrs if key in ("src", "href")]

    def handle_data(self, data):
        if self.open and data.strip():
            self.rows[-1].append(data.strip())


def test_boxes_to_look_at(imported):
    assert [(one.image, one.why) for one in odd_boxes(imported)] == [
        ("odd/5.jpg", "smaller than 16x6 px"),
        ("odd/5.jpg", "more than 8 times as wide as high"),
        ("odd/5.jpg", "less than 0.8 times as wide as high"),
        ("odd/5.jpg", "clipped"),
        ("odd/6.jpg", "over 80 % of its picture: the crop of a plate"),
    ]


def test_the_page_counts_by_source_and_split(imported, tmp_path):
    cells = Cells(page_of(imported, tmp_path))
    rows = {row[0]: row[1:] for row in cells.rows}
    table = imported.table
    for source, plates in (("clip0", 2), ("clip1", 2), ("odd", 5)):
        of_source = table[table["image"].str.startswith(source)]
        sides = [of_source[of_source["split"] == split] for split in ("train", "val")]
        pictures = [str(side["image"].nunique()) for side in sides]
        assert rows[source][:2] == pictures
        assert rows[source][3:] == [str(len(side)) for side in sides]
        assert len(of_source) == plates
    assert sum(map(int, rows["all"][3:])) == len(table) == 9
    assert rows["clipped"] == ["1"]


def test_the_page_holds_its_pictures(imported, tmp_path):
    page = page_of(imported, tmp_path)
    assert all(address.startswith("data:") for address in Cells(page).addresses)
    pictures = [
        cv2.imdecode(np.frombuffer(base64.b64decode(found), np.uint8), cv2.IMREAD_COLOR)
        for found in PICTURE.findall(page)
    ]
    # 5 odd boxes, 1 pair, 6 samples with their crops.
    assert len(pictures) == 5 + 2 + 12
    assert all(picture.shape[1] <= 380 and picture.shape[0] <= 300 for picture in pictures)
    # The box of the first sample is drawn where it is.
    sample = pictures[7].astype(int)
    scale = 380 / 480
    edge = sample[round(161 * scale), round(198 * scale) - 1 : round(198 * scale) + 2]
    assert np.abs(edge - (60, 190, 250)).sum(axis=1).min() < 90
    assert len(page) < 1_000_000
    assert "prefers-color-scheme: dark" in page


def test_names_cannot_break_the_page(imported, tmp_path):
    page = page_of(imported, tmp_path)
    assert "<title>mine &amp; &lt;i&gt;yours&lt;/i&gt;.csv" in page
    assert "clip1/4 &amp; &lt;b&gt;.jpg shows what clip1/3.jpg shows" in page
    assert "<b>" not in page


def test_it_stays_small_however_much_there_is(tmp_path):
    rng = np.random.default_rng(1)
    for number in range(40):
        blocks = rng.integers(0, 255, (6, 8, 3), np.uint8)
        image = cv2.resize(blocks, (160, 120), interpolation=cv2.INTER_LINEAR)
        for copy in "ab":
            boxes = [(-9, 20 + k, 10, 24 + k) for k in range(4)]
            write_voc(tmp_path / f"{number:02}{copy}.png", image, boxes)
    found = import_voc(annotations=tmp_path, images=tmp_path)
    assert len(found.duplicates) == 40
    page = page_of(found, tmp_path)
    assert len(PICTURE.findall(page)) == 60
    assert "and 220 more, on the command" in page


def test_a_page_without_any_plate(tmp_path):
    write_voc(tmp_path / "1.png", np.zeros((20, 30, 3), np.uint8), [])
    page = page_of(import_voc(annotations=tmp_path, images=tmp_path), tmp_path)
    assert "0 plates in 0 pictures" in page


def test_a_page_that_cannot_be_written_is_named(imported, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AnnotationError, match=r"file/page\.html: cannot be written"):
        write_summary(imported, tmp_path / "file/page.html", "mine")


@pytest.mark.parametrize("scale", [0.02, 1, 300])
def test_a_histogram_counts_every_value_once(scale):
    values = np.random.default_rng(2).lognormal(0, 0.6, 500) * scale
    chart = histogram("width", values)
    counts = [int(bar.text.rsplit(" ", 1)[1]) for bar in chart.bars]
    assert sum(counts) == 500
    assert chart.most == max(counts)
    assert 10 <= len(chart.bars) <= 31
    for bar, count in zip(chart.bars, counts, strict=True):
        assert bar.height == pytest.approx(HEIGHT * count / chart.most)
        low = float(bar.text.split(" ", 1)[0])
        if " to " in bar.text:
            high = float(bar.text.split(" to ")[1].split(":")[0])
            assert count == ((values >= low - 1e-9) & (values < high - 1e-9)).sum()
    assert chart.bars[-1].x + chart.bars[-1].width <= WIDTH
    assert "and more" in chart.bars[-1].text


def test_histograms_of_little():
    assert histogram("none", []).bars == ()
    one = histogram("one", [5.0, 5.0])
    assert [bar.text for bar in one.bars] == ["5 and more: 2"]
