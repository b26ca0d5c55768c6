"""What may be said of a car park in the configuration."""

import pytest

from streamer.app import PARTS, build_daemon
from streamer.config import ConfigError, parse_config

CAMERAS = """
cameras:
  - {name: in, url: 'synthetic:?vehicles=0'}
  - {name: out, url: 'synthetic:?vehicles=0'}
  - {name: drive, url: 'synthetic:?vehicles=0'}
  - {name: lane, url: 'synthetic:?vehicles=0', entry: [[[0, 0.6], [1, 0.6]]]}
"""


@pytest.mark.parametrize(
    "parking",
    [
        "",
        "parking:",
        "parking: {capacity: 40}",
        "parking: {entry: [in], exit: [out]}",
        "parking: {entry: [in], exit: [out], exempt: [a]}\nwatchlists: [{name: a, kind: allow}]",
        "parking: {entry: [in, lane], exit: [lane]}",
        "parking: {entry: [drive], exit: [drive], directions: {drive: {left: entry}}}",
    ],
)
def test_good(parking):
    config = parse_config(CAMERAS + parking, PARTS)
    assert bool(config.parts["parking"].options["entry"]) == ("entry:" in parking)


@pytest.mark.parametrize(
    ("parking", "fault"),
    [
        ("{entry: [inn], exit: [out]}", "parking.entry[0]: no camera 'inn'; there are: in, out, "),
        ("{entry: [in], exit: [ou]}", "parking.exit[0]: no camera 'ou'; there are: in, out, "),
        ("{entry: [in]}", "parking.exit: is empty; name the cameras"),
        ("{exit: [out]}", "parking.entry: is empty; name the cameras"),
        (
            "{entry: [in, drive], exit: [drive]}",
            "parking.exit[0]: camera 'drive' is in parking.entry, too; draw its lines",
        ),
        (
            "{entry: [in], exit: [out], directions: {drive: {left: exit}}}",
            "parking.directions.drive: camera 'drive' is neither in parking.entry nor",
        ),
        (
            "{entry: [in, lane], exit: [lane], directions: {lane: {left: exit}}}",
            "parking.directions.lane: camera 'lane' has lines of its own",
        ),
        (
            "{entry: [drive], exit: [drive], directions: {drive: {up: exit}}}",
            "parking.directions.drive.up",
        ),
        (
            "{entry: [in], exit: [out], exempt: [residents]}",
            "parking.exempt[0]: no watchlist 'residents'; there is none at all",
        ),
        (
            "{exempt: [resident]}\nwatchlists: [{name: residents, kind: allow, entries: [A1]}]",
            "parking.exempt[0]: no watchlist 'resident'; there are: residents",
        ),
        ("{entry: [in], exit: [out], capacity: 0}", "parking.capacity: 0 should be greater"),
        ("{entri: [in]}", "parking.entri: unknown key; did you mean 'entry'?"),
    ],
)
def test_faults(parking, fault):
    with pytest.raises(ConfigError) as error:
        parse_config(CAMERAS + f"parking: {parking}", PARTS)
    (found,) = error.value.faults
    assert fault in found


def test_a_faulty_camera_is_one_fault():
    with pytest.raises(ConfigError) as error:
        parse_config("cameras: [{name: in}]\nparking: {entry: [in], exit: [in]}", PARTS)
    assert len(error.value.faults) == 1


def test_without_cameras_of_its_own_there_is_no_car_park():
    def couriers(parking):
        daemon = build_daemon(parse_config(CAMERAS + parking, PARTS))
        return [courier.sink.name for courier in daemon.couriers]

    assert couriers("parking: {capacity: 40}") == []
    assert couriers("parking: {entry: [in], exit: [out]}") == ["parking"]
