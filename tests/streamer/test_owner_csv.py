"""Owners from a table that somebody keeps."""

import json
import logging

import pytest

from broker import wait_until
from streamer.config import ConfigError, Parts, parse_config
from streamer.enrich import OWNERS, filewatch
from streamer.metrics import Metrics

TABLE = "Kennzeichen;Name;Wohnung;_\nAB 123 CD;Müller, Eva;7;x\nef-1;Smith;;y\n"
PARTS = Parts(chosen={"owner": (OWNERS, "none")}, plain={}, several={})


def part(file, **options):
    given = {"owner": {"name": "csv", "file": str(file), **options}}
    camera = {"cameras": [{"name": "gate", "url": "x"}]}
    return parse_config(json.dumps(camera | given), PARTS, "gate.yaml").parts["owner"]


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "owners.csv"
    file.write_text(TABLE, encoding="cp1252")
    return file


@pytest.fixture
def running(file, monkeypatch):
    """`running(metrics, **options)`: an owner part that looks at its file often."""
    monkeypatch.setattr(filewatch, "PERIOD_S", 0.02)
    stops = []

    def start(metrics, **options):
        chosen = part(file, key="Kennzeichen", **options)
        owner = chosen.make(None, metrics, **chosen.options)
        stops.append(owner.start())
        return owner

    yield start
    for stop in stops:
        stop()


def test_the_columns_that_are_named_are_the_owner(running, make_event):
    metrics = Metrics()
    owner = running(metrics, columns={"name": "Name", "flat": "Wohnung"})
    assert owner(make_event("AB123CD")).owner == {"name": "Müller, Eva", "flat": "7"}
    assert owner(make_event("EF1")).owner == {"name": "Smith"}
    assert owner(make_event("XX1")).owner is None
    found = metrics.registry.get_sample_value("anpr_owner_lookups_total", {"outcome": "found"})
    assert found == 2


def test_without_names_it_is_all_columns(running, make_event):
    owner = running(Metrics())(make_event("AB123CD")).owner
    assert owner == {"Name": "Müller, Eva", "Wohnung": "7"}


def test_a_changed_table_is_read_again_and_a_broken_one_is_not(running, file, make_event, caplog):
    caplog.set_level(logging.INFO)
    metrics = Metrics()
    owner = running(metrics, columns={"name": "Name"})
    file.write_text("Kennzeichen;Name\nAB123CD;Jones\n")
    wait_until(lambda: owner(make_event("AB123CD")).owner == {"name": "Jones"})
    file.write_text("Kennzeichen;Nam\nAB123CD;Miller\n")
    wait_until(lambda: "owners stay as they were: " in caplog.text)
    assert owner(make_event("AB123CD")).owner == {"name": "Jones"}
    assert metrics.registry.get_sample_value("anpr_owner_reload_failures_total") == 1
    assert "Jones" not in caplog.text
    file.write_text("Kennzeichen;Name\nAB123CD;Brown\n")
    owner.reload()
    assert owner(make_event("AB123CD")).owner == {"name": "Brown"}


@pytest.mark.parametrize(
    ("text", "options", "fault"),
    [
        ("", {}, "owners.csv: is empty; the first row should name the columns"),
        (TABLE, {}, "owners.csv:1: there is no column 'plate'; there are: Kennzeichen, Name"),
        (
            TABLE,
            {"key": "Kennzeichen", "columns": {"name": "Nmae"}},
            "owners.csv:1: there is no column 'Nmae'; did you mean 'Name'?",
        ),
        ("plate\n$\n\n;\n%\n", {}, "owners.csv:5: plate '%' has '%'"),
        ("plate,name\nAB1,x\nAB-1,y\n", {}, "owners.csv:3: AB1 has another owner above"),
    ],
)
def test_faults_are_found_before_the_start(tmp_path, text, options, fault):
    file = tmp_path / "owners.csv"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        part(file, **options)
    assert fault in str(caught.value)
    assert str(caught.value).startswith("gate.yaml:1: owner.file: ")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"owner.file: .*none\.csv: no such file"):
        part(tmp_path / "none.csv")


def test_the_same_owner_twice_is_no_fault(tmp_path, make_event):
    file = tmp_path / "owners.csv"
    file.write_text("plate,name\nAB1,x\nAB1,x\n")
    part(file)
