"""What docs/cloud.md tells people to put into files is what their programs take."""

import os
import re
import shutil
import subprocess

import pytest

from streamer.app import PARTS
from streamer.cli import command_line
from streamer.config import parse_config
from tools import require_tool


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs/cloud.md").read_text()


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_wireguard_takes_both_sides(page, tmp_path):
    sides = blocks(page, "ini")
    assert len(sides) == 2
    for side in sides:
        (tmp_path / "wg0.conf").write_text(side)
        (tmp_path / "wg0.conf").chmod(0o600)
        words = [require_tool("wg-quick"), "strip", str(tmp_path / "wg0.conf")]
        done = subprocess.run(words, capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stderr
        assert "[Peer]" in done.stdout
        for key in re.findall(r"Key = (\S+)", side):
            asked = [require_tool("wg"), "pubkey"]
            assert (
                subprocess.run(asked, check=False, input=key.encode(), stdout=-3).returncode == 0
            ), key


def test_nftables_takes_the_firewall(page, tmp_path):
    (rules,) = blocks(page, "nft")
    (tmp_path / "rules").write_text(rules)
    nft = require_tool("nft")
    # In a network of its own: checking asks the kernel, and changes nothing here.
    words = [require_tool("unshare"), "--user", "--map-root-user", "--net", nft, "-c", "-f"]
    done = subprocess.run(
        [*words, str(tmp_path / "rules")], capture_output=True, check=False, text=True
    )
    if "Operation not permitted" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"nft may not ask the kernel here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr


def test_the_firewall_opens_what_is_needed(page):
    (rules,) = blocks(page, "nft")
    assert re.search(r"tcp dport \{ 22, 80, 443 \} accept", rules)
    (port,) = re.findall(r"ListenPort = (\d+)", page)
    assert re.search(rf"udp dport \{{ 443, {port} \}} accept", rules)
    for closed in ("8090", "9108", "1883"):
        assert closed not in rules


def test_the_configurations_are_good(page, monkeypatch):
    for name in ("ANNA_PASSWORD", "S3_KEY", "S3_SECRET", "ARCHIVE_PASSWORD"):
        monkeypatch.setenv(name, "x" * 8)
    found = blocks(page, "yaml")
    assert len(found) == 2
    for text in found:
        parse_config(f"cameras: [{{name: gate, url: 'synthetic:'}}]\n{text}", PARTS, "page")


def test_commands_are_understood(page):
    lines = re.findall(r"plate-streamer ((?:serve|check-config) .+?)(?: &&|$)", page, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        assert callable(command_line().parse_args(line.split()).command)


def test_a_backup_of_databases_in_use_is_whole(page, tmp_path):
    from streamer.sinks.outbox import Outbox

    sqlite3 = shutil.which("sqlite3")
    if sqlite3 is None:
        pytest.skip("sqlite3 is missing")
    (script,) = [one for one in blocks(page, "sh") if ".backup" in one]
    state, backups = tmp_path / "state", tmp_path / "backups"
    (state / "pictures").mkdir(parents=True)
    backups.mkdir()
    outbox = Outbox(state / "events.sqlite3", ["mqtt"])
    outbox.open()
    try:
        loop = script.splitlines()[1].replace("/var/backups", str(backups))
        subprocess.run(["bash", "-ec", loop], cwd=state, check=True, env=os.environ)
    finally:
        outbox.close()
    copy = Outbox(backups / "events.sqlite3", ["mqtt"])
    copy.open()
    copy.close()


def test_caddys_file_is_made_for_the_site_as_told(page, root, tmp_path):
    (line,) = re.findall(r"sudo (sed -i .+) /etc/caddy/Caddyfile", page)
    file = tmp_path / "Caddyfile"
    file.write_text((root / "config/Caddyfile").read_text())
    subprocess.run(["bash", "-c", f"{line} {file}"], check=True)
    words = [require_tool("caddy"), "validate", "--config", file, "--adapter", "caddyfile"]
    done = subprocess.run(
        words, capture_output=True, check=False, text=True, env={"HOME": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    assert "gate.example {" in file.read_text()
