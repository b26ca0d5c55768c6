"""Tables and YAML files of entries, as people and spreadsheets write them."""

import pytest

from streamer.enrich.entry import Entry
from streamer.enrich.entry_files import entries_in
from streamer.enrich.sheets import MOST_FAULTS, FileFaults

AB = Entry("AB123CD")


def read(text, name="residents.csv", encoding="utf-8"):
    return entries_in(text.encode(encoding), name)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", []),
        ("# nobody yet\n\n", []),
        ("plate\n", []),
        ("AB 123 CD", [AB]),
        ("AB 123 CD\r\n\r\nab-1\r\n", [AB, Entry("AB1")]),
        ("plate,note\nAB123CD,Miller\n", [Entry("AB123CD", "Miller")]),
        ("Plate;Note\nAB123CD;Miller, 3rd floor\n", [Entry("AB123CD", "Miller, 3rd floor")]),
        ("plate\tnote\nAB123CD\tMiller\n", [Entry("AB123CD", "Miller")]),
        ('plate,note\nAB123CD,"Miller, ""Bob"""\n', [Entry("AB123CD", 'Miller, "Bob"')]),
        (
            'plate,note\nAB123CD,"two\nlines"\nAB1,\n',
            [Entry("AB123CD", "two\nlines"), Entry("AB1")],
        ),
        ("note,plate\nMiller,AB123CD\n", [Entry("AB123CD", "Miller")]),
        ("plate,_phone,note\nAB123CD,0123,Miller\n", [Entry("AB123CD", "Miller")]),
        ("sep=;\nplate;note\nAB123CD;x\n", [Entry("AB123CD", "x")]),
        ("# ours; all of them\nplate;note\n# Miller's\nAB123CD;x\n;\n", [Entry("AB123CD", "x")]),
        ("AB123CD,Miller\n", [Entry("AB123CD", "Miller")]),
        ("AB*\n", [Entry("AB*")]),
        ("plate,note\nAB123CD\n", [AB]),
    ],
)
def test_tables(text, entries):
    assert read(text) == entries


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_whatever_a_spreadsheet_writes_text_in(encoding):
    assert read("plate;note\nAB1;Müller\n", encoding=encoding) == [Entry("AB1", "Müller")]


def test_times_in_a_table():
    (entry,) = read(
        "plate;valid_until;weekdays;hours\nAB1;31.12.2026;mon-fri;07:00-12:00,13:00-19:00"
    )
    assert entry.texts() == {
        "plate": "AB1",
        "valid_until": "2026-12-31",
        "weekdays": "mon,tue,wed,thu,fri",
        "hours": "07:00-12:00,13:00-19:00",
    }


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("plate\nA$B\nAB1\nX%\n", ["residents.csv:2: plate: ", "residents.csv:4: plate: "]),
        ("plate,note\n,x\n", ["residents.csv:2: plate: is missing"]),
        (
            "plate,vald_until\nAB1,2026-01-01\n",
            ["residents.csv:1: no such column 'vald_until'; did you mean 'valid_until'?"],
        ),
        ("plate,plate\nAB1,AB2\n", ["residents.csv:1: the column 'plate' is there twice"]),
        ("Kennzeichen;Name\nAB1;x\n", ["residents.csv:1: the first line should name the columns"]),
        ("plate,note\nAB1,a,b\n", ["residents.csv:2: 3 cells for 2 columns"]),
        ('plate,note\nAB1,x\nAB2,"a\nAB3,b\n', ["residents.csv:3: unexpected end of data"]),
        ('plate,note\n"AB1"x,b\n', ["residents.csv:2: ',' expected after '\"'"]),
        ("plate\n\0\n", ["residents.csv: is no text; save it as CSV"]),
        ("PK\x03\x04\0\0", ["residents.csv: is no text"]),
    ],
)
def test_faults_name_file_and_line(text, faults):
    with pytest.raises(FileFaults) as caught:
        read(text)
    assert len(caught.value.faults) == len(faults)
    for found, wanted in zip(caught.value.faults, faults, strict=True):
        assert wanted in found


def test_a_file_of_nothing_but_faults_does_not_flood():
    with pytest.raises(FileFaults) as caught:
        read("plate\n" + "$\n" * 1000)
    assert len(caught.value.faults) == MOST_FAULTS + 1
    assert caught.value.faults[-1] == "residents.csv: and 980 faults more"


def test_yaml_files():
    text = "- AB 123 CD\n- plate: ab-1\n  note: Miller\n- '0123'\n"
    assert read(text, "residents.yaml") == [AB, Entry("AB1", "Miller"), Entry("0123")]
    assert read("", "residents.yml") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- AB1\n- 0123\n", "r.yaml:2: 123 should be a plate"),
        ("- AB1\n- {plate: AB2,\n    hours: 9}\n", "r.yaml:2: hours: 9 should be text"),
        ("a: b", "r.yaml: should be a list"),
        ("- [", "r.yaml:1: not YAML"),
    ],
)
def test_faults_in_yaml_files(text, fault):
    with pytest.raises(FileFaults, match=fault):
        read(text, "r.yaml")
