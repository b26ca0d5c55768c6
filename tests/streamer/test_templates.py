import json

import pytest

from streamer.app import PARTS
from streamer.codec import encode
from streamer.config import ConfigError, parse_config
from streamer.data import PARKING, SCHEMA
from streamer.sinks.samples import SAMPLES
from streamer.sinks.templates import Template, TemplateFault, header_text, try_template

CAMERA = "cameras: [{name: gate, url: 'rtsp://host/1'}, {name: yard, url: 'rtsp://host/2'}]\n"
TEXT = '{"text": {{ ("Seen: " ~ event.plate ~ \' "here"\') | tojson }}}'


def faults(options):
    text = CAMERA + f"sinks: {{webhook: {json.dumps(options)}}}"
    with pytest.raises(ConfigError) as caught:
        parse_config(text, PARTS, "gate.yaml")
    return "\n".join(caught.value.faults)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("no place in it\n", "no place in it\n"),
        ("{{ event.plate }} at {{ event.camera }}", "AB123CD at gate"),
        ("{{ '%.0f' | format(event.confidence * 100) }} %", "98 %"),
        ("{{ event.read_at }}", "2026-01-02T03:04:05.678Z"),
        ("{% if event.watchlist %}known{% else %}unknown{% endif %}", "unknown"),
        ("{{ (event.owner or {}).name | default('nobody') }}", "nobody"),
        (TEXT, '{"text": "Seen: AB123CD \\"here\\""}'),
        ("{{ '<ü>' | to_json }}", '"<ü>"'),
        ("{{ event.plate | urlencode }}&{{ event.id[:0] }}", "AB123CD&"),
        ("{{ '\\x7b' }}{% raw %}{{ json }}{% endraw %}", "{{{ json }}"),
    ],
)
def test_a_template_says_what_an_event_says(make_event, template, text):
    assert Template(template).render(make_event()) == text


def test_the_whole_event_is_there_as_json(make_event):
    event = make_event(owner={"name": "Ä"})
    assert Template("[{{ json }}]").render(event) == f"[{encode(event)}]"
    assert json.loads(Template("{{ event | tojson }}").render(event)) == json.loads(encode(event))


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ event.plate", "line 1 of the template: unexpected end of template"),
        ("a\n{% if %}", "line 2 of the template"),
        ("{{ event.plate | nofilter }}", "No filter named 'nofilter'"),
        ("{{ plate }}", "the template asks for 'plate'; there are: crop_base64, event, json, snap"),
    ],
)
def test_a_template_that_cannot_be_read_says_where(template, fault):
    with pytest.raises(TemplateFault, match="^[^\n]*$") as caught:
        Template(template)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        "{{ event.plat }}",
        "{{ event.owner.name }}",
        "{{ 1 / 0 }}",
        "{{ event.plate.__class__.__mro__ }}",
        "{{ event.update({}) }}",
        "{{ range(10000000) }}",
    ],
)
def test_a_template_that_fails_is_a_fault_of_one_event(make_event, template):
    with pytest.raises(TemplateFault, match="the template fails"):
        Template(template).render(make_event())


def test_samples_are_real_events():
    assert {event.schema for event in SAMPLES.values()} == {SCHEMA, PARKING}
    assert all(encode(event) for event in SAMPLES.values())


@pytest.mark.parametrize(
    ("template", "kinds", "fails_for"),
    [
        ("{{ event.confidence }}", [SCHEMA], None),
        ("{{ event.confidence }}", [SCHEMA, PARKING], "a vehicle that entered"),
        ("{{ event.state }}", [PARKING], None),
        ("{{ event.watchlist.verdict }}", [SCHEMA], "a plate of which no more is known"),
        ("{% if event.watchlist %}{{ event.watchlist.x }}{% endif %}", [SCHEMA], "on a watchlist"),
        ("{{ event.duration_s // 60 }}", [PARKING], "a vehicle that entered"),
        ("{% if event.owner %}{{ event.owner.anything }}{% endif %}", [SCHEMA], None),
    ],
)
def test_templates_are_tried_on_events_that_may_come(template, kinds, fails_for):
    if fails_for is None:
        try_template(template, kinds)
        return
    with pytest.raises(TemplateFault, match=f"{fails_for}\\)$"):
        try_template(template, kinds)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("a\r\nb", "a b"),
        ("\n a\t", "a"),
        ("a\0\x7f\x9fb", "a b"),
        ("Ł € 😀", "Ł € 😀"),
    ],
)
def test_a_header_is_one_line(text, value):
    assert header_text(text) == value


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, "sinks.webhook.url: is missing"),
        ({"url": "gate"}, "sinks.webhook.url: should be a URL that begins with https://"),
        ({"body": "{{ event.plate"}, "sinks.webhook.body: line 1 of the template: unexpected"),
        ({"body": "{{ event.plat }}"}, "sinks.webhook.body: the template fails: 'dict object'"),
        ({"body": "{{ event.state }}"}, "no more is known)"),
        ({"headers": {"X-A": "{{ x }}"}}, "sinks.webhook.headers.X-A: the template asks for 'x'"),
        ({"headers": {"X A": "1"}}, "sinks.webhook.headers: 'X A' is no name of a header"),
        ({"headers": {"X\r\nA": "1"}}, "is no name of a header"),
        ({"headers": {"Webhook-Id": "1"}}, "headers: 'Webhook-Id' is set by the webhook itself"),
        ({"headers": {"content-type": "1"}}, "has a key of its own: content_type"),
        ({"content_type": "a\nb"}, "sinks.webhook.content_type: 'a\\nb' should match pattern"),
        ({"secret": "s3cret"}, "sinks.webhook.secret: should be whsec_ and 24 to 64 random bytes"),
        ({"secret": "whsec_s3cret"}, "openssl rand -base64 32"),
        ({"kinds": ["plate"]}, "sinks.webhook.kinds[0]: 'plate' should be 'plate-event/1' or"),
        ({"kinds": []}, "sinks.webhook.kinds: "),
        ({"only": {"cameras": ["gat"]}}, "only.cameras[0]: no camera 'gat'; known: gate, yard; d"),
        ({"only": {"camera": ["gate"]}}, "only.camera: unknown key; did you mean 'cameras'?"),
        ({"only": {"watchlist": ["banned"]}}, "only.watchlist[0]: 'banned' should be 'allow'"),
        ({"name": "a b"}, "sinks.webhook.name: 'a b' should match"),
        ({"timeout_s": 0}, "sinks.webhook.timeout_s: 0 should be greater than 0"),
        ({"give_up_after_s": -1}, "sinks.webhook.give_up_after_s: -1 should be"),
    ],
)
def test_faults_of_a_webhook_are_named_by_their_key(options, fault):
    url = {} if not options else {"url": "https://h/"}
    found = faults(url | options)
    assert fault in found
    assert "s3cret" not in found


def test_a_header_that_is_no_text_is_not_shown_for_it_may_be_a_secret():
    found = faults({"url": "https://h/", "headers": {"Authorization": 12345678}})
    assert "sinks.webhook.headers.Authorization: *** should be a valid string" in found
    assert "12345678" not in found


def test_parking_alone_needs_no_template_for_plates():
    options = {"url": "https://h/", "kinds": [PARKING], "body": "{{ event.state }}"}
    text = CAMERA + f"sinks: {{webhook: {json.dumps(options)}}}"
    assert parse_config(text, PARTS).sinks["webhook"].options["body"] == "{{ event.state }}"
