"""The section `web`: what is refused before anybody can reach it."""

import json
import subprocess

import pytest

from streamer.app import PARTS
from streamer.config import ConfigError, parse_config
from streamer.web.origins import is_loopback

USER = {"name": "anna", "password": "a long password"}
TOKEN = {"name": "barrier", "token": "0123456789abcdef"}
EXPOSED = "lets others in without a login; name who may log in, in web.users or web.tokens"


def faults(web):
    text = json.dumps({"cameras": [{"name": "gate", "url": "synthetic:"}], "web": web})
    try:
        parse_config(text, PARTS)
    except ConfigError as error:
        return "\n".join(error.faults)
    return ""


@pytest.mark.parametrize(
    "web",
    [
        {"enabled": True},
        {"enabled": True, "host": "localhost"},
        {"enabled": True, "host": "127.7.7.7"},
        {"enabled": True, "host": "::1"},
        {"enabled": True, "public_url": "http://localhost:8090"},
        {"enabled": False, "host": "0.0.0.0"},
        {"enabled": True, "host": "0.0.0.0", "users": [USER]},
        {"enabled": True, "host": "::", "tokens": [TOKEN]},
        {"enabled": True, "behind_proxy": True, "tokens": [TOKEN]},
        {"enabled": True, "public_url": "https://gate.example/", "users": [USER]},
    ],
)
def test_good(web):
    assert faults(web) == ""


@pytest.mark.parametrize(
    ("web", "fault"),
    [
        ({"enabled": True, "host": "0.0.0.0"}, f"web.host: '0.0.0.0' {EXPOSED}"),
        ({"enabled": True, "host": "::"}, f"web.host: '::' {EXPOSED}"),
        ({"enabled": True, "host": "gate.local"}, f"web.host: 'gate.local' {EXPOSED}"),
        ({"enabled": True, "host": "192.0.2.7"}, f"web.host: '192.0.2.7' {EXPOSED}"),
        ({"enabled": True, "behind_proxy": True}, f"web.behind_proxy: true {EXPOSED}"),
        ({"enabled": True, "public_url": "https://gate.example"}, "web.public_url: 'https://gate"),
        ({"public_url": "gate.example"}, "should be like https://gate.example"),
        ({"public_url": "https://gate.example/portal"}, "without a path"),
        ({"public_url": "https://gate.example:port"}, "should be like https://gate.example"),
        ({"users": [USER, USER]}, "web.users: 'anna' is there twice"),
        ({"tokens": [TOKEN, TOKEN]}, "web.tokens: 'barrier' is there twice"),
        ({"users": [USER | {"password": "short"}]}, "password of 'anna' has 5 characters; 8 at"),
        ({"users": [USER | {"password": "$scrypt$no"}]}, "'anna' is no whole hash; `plate-strea"),
        ({"users": [USER | {"role": "chief"}]}, "web.users[0].role: *** should be 'viewer' or"),
        ({"tokens": [TOKEN | {"token": "short"}]}, "'barrier' has 5 characters; 16 at least"),
        ({"tokens": [TOKEN | {"token": "blanks are no good"}]}, "without blanks"),
        ({"cert_file": "/nowhere.pem"}, "web.cert_file: '/nowhere.pem' cannot be read: No such"),
        ({"key_file": "/nowhere.pem"}, "web.cert_file: is missing, and key_file is there"),
        ({"port": 70000}, "web.port"),
        ({"hosts": "x"}, "web.hosts: unknown key; did you mean 'host'?"),
    ],
)
def test_faults_say_what_would_be_right(web, fault):
    assert fault in faults(web)


@pytest.mark.parametrize(
    "web",
    [
        {"users": [USER | {"password": 4711047110}]},
        {"users": {"anna": "4711047110"}},
        {"users": ["4711047110"]},
        {"users": [USER | {"password": "4711"}]},
        {"users": [USER | {"password": "$scrypt$4711"}]},
        {"tokens": [TOKEN | {"token": 4711047110}]},
        {"tokens": [TOKEN | {"token": "4711"}]},
        {"tokens": "4711"},
    ],
)
def test_no_fault_tells_a_secret(web):
    text = faults(web)
    assert text
    assert "4711" not in text


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LocalHost.", True),
        ("app.localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("127.0.0.1.example", False),
        ("localhost.example", False),
        ("gate", False),
        ("2130706433", False),
        ("", False),
    ],
)
def test_what_is_loopback(host, loopback):
    assert is_loopback(host) is loopback


def test_a_certificate_that_is_none(tmp_path):
    (tmp_path / "cert.pem").write_text("hello")
    fault = faults({"cert_file": str(tmp_path / "cert.pem")})
    assert "should be a certificate with its key, both as PEM" in fault


def test_a_key_with_a_password_asks_nobody(tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = "openssl req -x509 -newkey rsa:2048 -days 2 -subj /CN=x -passout pass:hidden"
    subprocess.run(
        [*words.split(), "-keyout", str(key), "-out", str(cert)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    fault = faults({"cert_file": str(cert), "key_file": str(key)})
    assert "the key without a password" in fault
