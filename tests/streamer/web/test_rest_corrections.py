"""Corrections over REST, as a training set."""

import csv
import io
import zipfile

from car_park import seen


def test_a_training_set(site):
    box = (612, 402, 790, 446)
    right, wrong, none = (
        site.take(seen(plate, after_s=n, box=box), pictures=True)
        for n, plate in enumerate(("AB123CD", "KL5S5MN", "EXIT1"))
    )
    for event, plate in ((right, "AB123CD"), (wrong, "KL555MN"), (none, None)):
        site.send("PUT", f"/events/{event.id}/correction", json={"plate": plate})
    answer = site.client.get("/api/v1/corrections/export")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="corrections-')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        table = packed.read("annotations/corrections.csv").decode()
        assert {row["plate_text"] for row in csv.DictReader(io.StringIO(table))} == {
            "AB123CD",
            "KL555MN",
        }
        assert f"images/corrections/{wrong.id}.png" in packed.namelist()
        assert f"negatives/{none.id}.png" in packed.namelist()


def test_nothing_to_learn_from(site):
    assert "no" in site.get("/corrections/export", 404)["detail"]
    event = site.take(seen("AB123CD"))
    site.send("PUT", f"/events/{event.id}/correction", json={"plate": "AB123CD"})
    assert "no picture was kept" in site.get("/corrections/export", 404)["detail"]
