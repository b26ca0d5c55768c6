"""The examples in the documentation of watchlists and owners work."""

import re
from pathlib import Path

import pytest

from streamer.app import PARTS
from streamer.config import parse_config
from streamer.enrich.entry_files import entries_in
from streamer.enrich.owner_csv import owners_in

DOCS = Path(__file__).parents[2] / "docs"


def examples(page, kind):
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def folder(tmp_path):
    """What the examples have in /etc/plate-streamer."""
    (tmp_path / "residents.csv").write_text(examples("watchlists.md", "csv")[0])
    (tmp_path / "owners.csv").write_text(examples("owner.md", "csv")[0])
    return tmp_path


@pytest.mark.parametrize(("page", "count"), [("watchlists.md", 1), ("owner.md", 2)])
def test_configurations(page, count, folder, monkeypatch):
    monkeypatch.setenv("REGISTRY_TOKEN", "t")
    found = examples(page, "yaml")
    assert len(found) == count
    for text in found:
        here = text.replace("/etc/plate-streamer", str(folder))
        parse_config("cameras: [{name: gate, url: x}]\n" + here, PARTS)


def test_tables(folder):
    entries = entries_in((folder / "residents.csv").read_bytes(), "residents.csv")
    assert [entry.texts() for entry in entries] == [
        {"plate": "AB123CD", "note": "Miller, 3rd floor"},
        {
            "plate": "EFGH1",
            "note": "Smith; cleaning",
            "valid_from": "2026-01-01",
            "valid_until": "2026-12-31",
            "weekdays": "mon,tue,wed,thu,fri",
            "hours": "07:00-12:00,13:00-19:00",
        },
    ]
    owners = owners_in((folder / "owners.csv").read_bytes(), "o.csv", "Kennzeichen", {"n": "Name"})
    assert owners == {"AB123CD": {"n": "Müller, Eva"}}
