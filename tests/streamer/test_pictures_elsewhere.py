"""Pictures of events, carried to a bucket from the outbox: none is lost, none is waited for."""

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker import wait_until
from processes import START_S, DaemonProcess, in_time
from s3_server import S3Server, silent_server
from streamer.app import PARTS, build_daemon
from streamer.codec import decode
from streamer.config import ConfigError, parse_config
from streamer.errors import UserError
from streamer.sinks.courier import Courier
from streamer.sinks.media import Media, name_of
from streamer.sinks.mqtt_messages import Messages
from streamer.sinks.remote import Remote
from streamer.sinks.storage import Storage

QUICK_S = 0.05
DAY_S = 86_400.0


@pytest.fixture
def s3():
    with S3Server() as server:
        yield server


class Box:
    """What of a daemon has to do with pictures, in `folder`, with `s3` for its pictures."""

    def __init__(self, folder, s3, **options):
        self.troubles = []
        self.storage = Storage(
            {"mqtt"},
            on_remote_failure=self.troubles.append,
            folder=folder,
            pictures_url=s3.pictures_url,
            pictures_options=s3.options,
            **options,
        )
        (self.sink,) = self.storage.sinks
        self.media, self.outbox = self.storage.media, self.storage.outbox
        self.outbox.add(self.sink.name, self.sink.kinds)
        self.courier = Courier(self.sink, self.outbox, first_retry_s=QUICK_S)

    def __enter__(self):
        self.outbox.open()
        self.media.open()
        return self

    def __exit__(self, *_):
        self.courier.close(1.0)
        self.outbox.close()

    def pass_by(self, decided):
        """What the last stage does with a vehicle."""
        event = self.media.illustrate(decided)
        self.outbox.accept(event, time.time())
        return event

    def carried(self):
        wait_until(lambda: self.outbox.depth("pictures") == 0)


def names(event):
    return {name_of(event.snapshot), name_of(event.crop)}


def local(folder, name):
    return folder / "pictures" / name


def test_pictures_are_here_at_once_and_there_soon(tmp_path, s3, make_decided):
    with Box(tmp_path, s3) as box:
        event = box.pass_by(make_decided())
        day = f"{s3.pictures_url}/2026-01-02"
        assert (event.snapshot, event.crop) == (
            f"{day}/{event.id}.jpg",
            f"{day}/{event.id}-crop.jpg",
        )
        here = {name: local(tmp_path, name).read_bytes() for name in names(event)}
        assert s3.files() == {}
        box.courier.start()
        box.carried()
        assert s3.files() == here


def test_an_outage_and_a_restart_lose_none(tmp_path, s3, make_decided, caplog):
    s3.stop()
    caplog.set_level(logging.WARNING, "streamer")
    with Box(tmp_path, s3) as box:
        box.courier.start()
        events = [box.pass_by(make_decided(after_s=n)) for n in range(3)]
        wait_until(lambda: "Could not connect" in caplog.text)
        assert box.outbox.depth("pictures") == 3
    with Box(tmp_path, s3) as box:
        box.courier.start()
        events.append(box.pass_by(make_decided(after_s=9)))
        s3.start()
        box.carried()
    assert set(s3.files()) == set().union(*map(names, events))
    assert caplog.text.count("Could not connect") <= 2  # at most once for each of the two


def test_a_refused_login_is_said_once_and_waited_out(tmp_path, s3, make_decided, caplog):
    with Box(tmp_path, s3) as box:
        with s3.refusing_everybody():
            box.courier.start()
            for n in range(3):
                box.pass_by(make_decided(after_s=n))
            wait_until(lambda: "not allowed" in caplog.text)
            time.sleep(4 * QUICK_S)
        box.carried()
        assert box.outbox.dead_letters("pictures") == 0
    assert len(s3.files()) == 6
    assert caplog.text.count("not allowed") == 1


def test_a_picture_that_is_gone_is_left_out_and_counted(tmp_path, s3, make_decided, caplog):
    with Box(tmp_path, s3) as box:
        one, other = box.pass_by(make_decided()), box.pass_by(make_decided(after_s=1))
        local(tmp_path, name_of(one.snapshot)).unlink()
        box.courier.start()
        box.carried()
        assert set(s3.files()) == {name_of(one.crop)} | names(other)
        assert box.troubles == ["upload"]
        assert f"{name_of(one.snapshot)} was gone before it could be put" in caplog.text


def test_what_is_read_is_the_copy_here_and_then_the_one_there(tmp_path, s3, make_decided):
    with Box(tmp_path, s3) as box:
        event = box.pass_by(make_decided())
        picture = local(tmp_path, name_of(event.crop))
        content = picture.read_bytes()
        assert box.media.read(event.crop) == content  # nobody was asked: it is not there yet
        box.courier.start()
        box.carried()
        picture.unlink()
        assert box.media.read(event.crop) == content
        (crop,) = Messages("plates", 1, None, box.media.read).of(event)[2:]
        assert crop.payload == content
        s3.stop()
        with pytest.raises(UserError, match=r"Could not connect to the endpoint"):
            box.media.read(event.crop)
        assert len(Messages("plates", 1, None, box.media.read).of(event)) == 2
        assert box.troubles == ["read", "read"]
        assert box.media.read(event.snapshot)  # that one is still here


@pytest.mark.parametrize(
    "place",
    [
        *("/etc/passwd", "", "holiday.jpg", "../../etc/passwd", "s3://other/secret.txt"),
        "{folder}/private.jpg",
        "{folder}/pictures/2026-01-02/../../private.jpg",
        "{folder}/pictures/2026-01-02/private.jpg",
        "2026-01-02/0191f2d0-1111-7222-8333-444455556666.jpg/../../../private.jpg",
        "2026-01-02/0191f2d0-1111-7222-8333-444455556666.jpg\n",
    ],
)
def test_nothing_but_pictures_of_events_is_read(tmp_path, place):
    (tmp_path / "pictures/2026-01-02").mkdir(parents=True)
    for file in ("private.jpg", "pictures/2026-01-02/private.jpg"):
        (tmp_path / file).write_bytes(b"private")
    media = Media(tmp_path / "pictures")
    assert media.read(place.format(folder=tmp_path)) is None


def test_pictures_are_found_where_the_folder_is_now(tmp_path, make_decided):
    before = Media(tmp_path / "before")
    event = before.illustrate(make_decided())
    (tmp_path / "before").rename(tmp_path / "now")
    assert Media(tmp_path / "now").read(event.crop)[:2] == b"\xff\xd8"


def test_the_copies_there_go_when_those_here_do(tmp_path, s3, make_decided, caplog):
    s3.put("2001-01-01/0191f2d0-1111-7222-8333-444455556666.jpg", b"another daemon's")
    now = datetime.now(UTC)
    with Box(tmp_path, s3, keep_days=30) as box:
        box.courier.start()
        events = {
            d: box.pass_by(make_decided(read_at=now - timedelta(days=d))) for d in (40, 39, 1)
        }
        box.carried()
        for days in (40, 1):
            box.outbox.delivered("mqtt", events[days].id)
        with box.outbox.store.transaction() as db:
            db.execute("UPDATE events SET accepted_at = read_at")
        s3.stop()
        assert box.storage.retention.sweep() == (1, 2)
        assert not local(tmp_path, name_of(events[40].snapshot)).exists()
        assert box.troubles == ["delete"]
        assert "old pictures are kept for now" in caplog.text
    s3.start()
    assert len(s3.files()) == 7
    with Box(tmp_path, s3, keep_days=30) as box:  # it was noted on disk
        assert box.storage.retention.sweep() == (0, 0)
    left = set(s3.files())
    assert left == {
        *names(events[39]),  # still waits for MQTT, which wants the crop
        *names(events[1]),
        "2001-01-01/0191f2d0-1111-7222-8333-444455556666.jpg",
    }


def test_deleting_there_stops_when_it_is_asked_to_and_goes_on(tmp_path, make_decided):
    remote = Remote("memory://bites", {})
    media = Media(tmp_path, remote=remote)
    event = media.illustrate(make_decided())
    media.upload(event)
    assert media.purge(event.read_at.date() + timedelta(days=1), ()) == 2
    asked = iter((False, True))
    assert media.purge_remote(lambda: next(asked)) == 1
    assert sum(remote.get(name) is None for name in names(event)) == 1
    assert media.purge_remote() == 1
    assert not any(remote.get(name) for name in names(event))
    assert media.purge_remote() == 0


CONFIG = """\
cameras: [{name: gate, url: 'synthetic:'}]
store:
  folder: %s
"""


@pytest.mark.parametrize(
    ("store", "fault"),
    [
        ("  pictures_url: s3://\n", "4: store.pictures_url: 's3://' names no bucket"),
        ("  pictures_options: [a]\n", "4: store.pictures_options: *** should be a valid dict"),
        ("  pictures_options: {key: '${NO_SUCH_KEY}'}\n", "NO_SUCH_KEY is not set"),
    ],
)
def test_faults_name_the_key_and_no_secret(tmp_path, store, fault):
    with pytest.raises(ConfigError) as caught:
        parse_config(CONFIG % tmp_path + store, PARTS)
    assert fault in str(caught.value)


def test_the_daemon_has_a_sink_for_pictures_only_where_they_go_elsewhere(tmp_path):
    for store, expected in (("", []), ("  pictures_url: memory://there\n", ["pictures"])):
        daemon = build_daemon(parse_config(CONFIG % tmp_path + store, PARTS))
        assert [courier.sink.name for courier in daemon.couriers] == expected


SINKS = """\
sinks:
  mqtt: {host: 192.0.2.20}
  webhook: {url: 'http://h/', body: '{{ crop_base64 }}'}
"""


def test_sinks_read_pictures_of_events_alone(tmp_path, make_event):
    daemon = build_daemon(parse_config(CONFIG % tmp_path + SINKS, PARTS))
    mqtt, webhook = (courier.sink for courier in daemon.couriers)
    event = make_event(crop="/etc/passwd")
    assert webhook._request(event).body == b""
    assert len(mqtt._messages.of(event)) == 2  # no crop


def gate(folder, s3_options, url):
    store = {"folder": str(folder / "state"), "pictures_url": url, "pictures_options": s3_options}
    camera = {"name": "gate", "url": "synthetic:?vehicles=2&seed=3"}
    return {"cameras": [camera], "store": store}


def events_of(folder):
    storage = Storage(folder=folder / "state")
    storage.outbox.open()
    try:
        with storage.outbox.store.transaction() as db:
            return [decode(row[0]) for row in db.execute("SELECT json FROM events")]
    finally:
        storage.outbox.close()


@pytest.mark.slow
def test_a_daemon_that_was_killed_in_an_outage_carries_the_pictures_later(tmp_path, s3):
    s3.stop()
    with DaemonProcess(tmp_path, gate(tmp_path, s3.options, s3.pictures_url)) as daemon:
        daemon.wait_for("sink pictures: ")
        assert daemon.metric("anpr_outbox_depth", sink="pictures") >= 1
        wait_until(lambda: daemon.metric("anpr_deliveries_failed_total", sink="pictures") >= 1)
        daemon.kill()
        before = events_of(tmp_path)
        s3.start()
        daemon.start()
        expected = set().union(*map(names, before))
        wait_until(lambda: expected <= set(s3.files()), START_S, lambda: daemon.log)
        code, seconds = daemon.stop()
    assert (code, in_time(seconds)) == (0, True)


@pytest.mark.slow
def test_a_bucket_that_says_nothing_does_not_keep_the_daemon_from_ending(tmp_path):
    with silent_server() as url:
        options = {"endpoint_url": url, "key": "k", "secret": "s"}
        with DaemonProcess(tmp_path, gate(tmp_path, options, "s3://bucket/x")) as daemon:
            wait_until(
                lambda: daemon.metric("anpr_outbox_depth", sink="pictures") >= 1,
                START_S,
                lambda: daemon.log,
            )
            time.sleep(1.0)  # it is being carried
            code, seconds = daemon.stop()
            log = daemon.log
    assert code == 0
    assert in_time(seconds)
    assert "events wait for sink pictures until next time" in log
    assert "Traceback" not in log
    assert "is not open" not in log


def test_an_event_with_no_pictures_needs_none(tmp_path, s3, make_decided, make_event):
    with Box(tmp_path, s3) as box:
        box.sink.send(make_event())
        box.sink.send(replace(make_event(), crop="/etc/passwd"))
        assert s3.files() == {}
        assert not box.troubles
        assert Path(tmp_path, "pictures").is_dir()
