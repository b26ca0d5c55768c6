"""Passwords, sessions, and what becomes of those who guess."""

import time

import pytest

from guarded import PASSWORD, at, bearer, guarded, log_in, with_logins
from streamer.web.access import User
from streamer.web.lockout import FORGOTTEN_S, MOST, Lockout
from streamer.web.options import UserConfig
from streamer.web.passwords import BadHash, PasswordHash, password_of
from streamer.web.sessions import MOST_OF_ONE, Sessions

SESSION = "/api/v1/session"
ANNA = User("anna", "viewer")


class Clock:
    now_s = 1000.0

    def __call__(self):
        return self.now_s


def login(client, name="olga", password=PASSWORD):
    return client.post(SESSION, json={"name": name, "password": password})


@pytest.mark.parametrize("given", ["hunter22", "pass wörd ✓", "x" * 1000, "\udcff surrogate"])
def test_a_hash_fits_its_password_alone(given):
    known = PasswordHash.parse(str(PasswordHash.of(given)))
    assert known.fits(given)
    assert not known.fits(given + " ")
    assert str(PasswordHash.of(given)) != str(PasswordHash.of(given))


@pytest.mark.parametrize(
    "text",
    [
        "$scrypt$",
        "$scrypt$ln=14,r=8,p=5$c2FsdA$a2V5",
        "$scrypt$ln=30,r=8,p=5$" + "A" * 22 + "$" + "A" * 43,
        "$scrypt$ln=17,r=64,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$scrypt$ln=14,r=0,p=1$" + "A" * 22 + "$" + "A" * 43,
    ],
)
def test_a_hash_that_is_none(text):
    with pytest.raises(BadHash):
        PasswordHash.parse(text)


def test_a_plain_password_of_the_configuration_does_as_well():
    known = password_of("plain enough")
    assert known.fits("plain enough")
    assert not known.fits("plain enougH")
    assert "plain" not in repr(known)


def test_who_is_logged_in(site):
    client = with_logins(site.portal)
    nobody = {"user": None, "role": None, "login_required": True, "csrf": None}
    assert client.get(SESSION).json().items() >= nobody.items()
    assert client.get("/api/v1/events").status_code == 401
    log_in(client)
    state = client.get(SESSION).json()
    assert (state["user"], state["role"], state["login_required"]) == ("olga", "operator", True)
    assert client.get("/api/v1/events").status_code == 200


def test_with_a_hash_in_the_configuration(site):
    user = UserConfig(name="anna", password=str(PasswordHash.of(PASSWORD)))
    client = guarded(site.portal, users=(user,))
    assert login(client, "anna").status_code == 200
    assert login(client, "anna", "wrong password").status_code == 401


def test_the_cookie_is_for_our_pages_alone(site):
    cookie = login(with_logins(site.portal)).headers["set-cookie"].lower()
    assert cookie.startswith("plate-streamer=")
    for part in ("httponly", "samesite=strict", "path=/", "max-age=43200"):
        assert part in cookie
    assert "secure" not in cookie
    assert "domain" not in cookie


def test_with_https_it_travels_encrypted_only(site):
    client = with_logins(site.portal, url="https://127.0.0.1:8090")
    cookie = login(client).headers["set-cookie"].lower()
    assert cookie.startswith("__host-plate-streamer=")
    assert "secure" in cookie
    assert client.get(SESSION).json()["user"] == "olga"


def test_logging_out(site):
    client = with_logins(site.portal)
    csrf = log_in(client)
    stolen = client.cookies["plate-streamer"]
    assert client.delete(SESSION).status_code == 403
    assert client.delete(SESSION, headers=csrf).status_code == 204
    assert client.get(SESSION).json()["user"] is None
    again = client.get("/api/v1/events", headers={"Cookie": f"plate-streamer={stolen}"})
    assert again.status_code == 401


def test_a_new_login_ends_the_session_before(site):
    client = with_logins(site.portal)
    log_in(client)
    before = client.cookies["plate-streamer"]
    log_in(client, "vera")
    old = {"Cookie": f"plate-streamer={before}"}
    assert at(client, "127.0.0.1").get("/api/v1/events", headers=old).status_code == 401


def test_changes_need_what_the_session_says(site):
    client = with_logins(site.portal)
    csrf = log_in(client)
    note = "/api/v1/plates/AB123CD/notes"
    for given in (None, "", "é", "x" * 43):
        headers = {} if given is None else {"X-CSRF-Token": given.encode()}
        answer = client.post(note, json={"text": "x"}, headers=headers)
        assert answer.status_code == 403, given
        assert answer.json()["errors"][0]["field"] == "header.x-csrf-token"
    assert client.post(note, json={"text": "x"}, headers=csrf).status_code == 201
    other = with_logins(site.portal)
    foreign = log_in(other)
    assert client.post(note, json={"text": "x"}, headers=foreign).status_code == 403


def test_tokens_need_no_csrf(site):
    client = with_logins(site.portal)
    note, headers = "/api/v1/plates/AB123CD/notes", bearer("operators-token-1")
    assert client.post(note, json={"text": "x"}, headers=headers).status_code == 201
    assert client.get(SESSION, headers=headers).json()["user"] == "crane"


@pytest.mark.parametrize(
    "value",
    ["Bearer wrong", "Bearer ", "Bearer", "Basic b2xnYTp4", "operators-token-1", "Bearer é"],
)
def test_a_wrong_token_is_nobody(site, value):
    client = with_logins(site.portal)
    answer = client.get("/api/v1/events", headers={"Authorization": value.encode()})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_sessions_expire():
    clock = Clock()
    sessions = Sessions(1.0, clock)
    name, _ = sessions.begin(ANNA)
    clock.now_s += 3599
    assert sessions.find(name).user == ANNA
    clock.now_s += 2
    assert sessions.find(name) is None


def test_sessions_are_bounded():
    sessions = Sessions(1.0)
    names = [sessions.begin(ANNA)[0] for _ in range(MOST_OF_ONE + 3)]
    assert [sessions.find(name) is None for name in names[:4]] == [True, True, True, False]


def test_guessing_takes_longer_each_time():
    clock = Clock()
    lockout = Lockout(clock)
    waits = []
    for _ in range(9):
        while wait_s := lockout.attempt("192.0.2.1", "anna"):
            waits.append(wait_s)
            clock.now_s += wait_s
    assert waits == [1, 2, 4, 8]


def test_another_address_and_name_are_free_and_success_forgives():
    lockout = Lockout(Clock())
    for _ in range(5):
        assert lockout.attempt("192.0.2.1", "anna") == 0
    assert lockout.attempt("192.0.2.1", "berta") > 0
    assert lockout.attempt("192.0.2.2", "anna") == 0
    lockout.succeeded("192.0.2.1", "anna")
    assert lockout.attempt("192.0.2.1", "anna") == 0


def test_many_addresses_that_try_one_name_wait_too_but_not_for_long():
    clock = Clock()
    lockout = Lockout(clock)
    tried = 0
    for address in range(3000):
        wait_s = lockout.attempt(f"10.0.{address // 256}.{address % 256}", "anna")
        tried += not wait_s
        assert wait_s <= 60
    assert tried == 10
    clock.now_s += FORGOTTEN_S + 1
    assert lockout.attempt("10.0.0.1", "anna") == 0


def test_what_is_remembered_of_guesses_is_bounded():
    lockout = Lockout(Clock())
    for number in range(MOST + 500):
        lockout.attempt("192.0.2.1" if number % 2 else f"a{number}", f"name{number}")
    assert len(lockout._tried) <= MOST


def test_locked_out_over_http(site):
    client = at(with_logins(site.portal), "192.0.2.9")
    seen = [login(client, password="wrong password").status_code for _ in range(7)]
    assert seen == [401] * 5 + [429] * 2
    answer = login(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert login(at(client, "192.0.2.10")).status_code == 200
    time.sleep(1.1)
    assert login(client).status_code == 200


def test_all_addresses_of_an_ipv6_network_are_one(site):
    client = with_logins(site.portal)
    seen = [
        login(at(client, f"2001:db8::{n}"), password="wrong password").status_code for n in range(6)
    ]
    assert seen == [401] * 5 + [429]


def test_unknown_names_take_as_long_as_known_ones(site):
    client = with_logins(site.portal)

    took = {"nobody": [], "olga": []}
    for number in range(5):  # by turns: others may need the machine for a while
        for name, times in took.items():
            begun = time.perf_counter()
            login(at(client, f"192.0.{len(name)}.{number}"), name, "wrong password")
            times.append(time.perf_counter() - begun)
    assert min(took["nobody"]) > min(took["olga"]) / 2


def test_logins_are_logged_and_counted(site):
    client = with_logins(site.portal)
    login(client, "mallory", "wrong password")
    csrf = log_in(client)
    client.delete(SESSION, headers=csrf)
    lines = [(one.by, one.action) for one in site.archive.changes()]
    assert lines == [("olga", "logout"), ("olga", "login"), ("nobody", "login.refused")]
    assert "mallory" in site.archive.changes()[-1].detail
    value = site.portal.metrics.registry.get_sample_value
    assert value("anpr_web_logins_total", {"outcome": "ok"}) == 1
    assert value("anpr_web_logins_total", {"outcome": "refused"}) == 1
    assert PASSWORD not in repr(site.archive.changes())


def test_the_log_takes_only_so_many_refusals(site):
    client = with_logins(site.portal)
    for number in range(60):
        client.post(
            SESSION,
            json={"name": "x", "password": "y"},
            headers={"Origin": f"http://evil{number}.example"},
        )
    assert 20 < len(site.archive.changes(200)) < 40


def test_an_archive_that_is_away_lets_people_in(site):
    client = with_logins(site.portal)
    site.archive.close()
    assert login(client).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "x"}, {"name": "x", "password": 5}, {"name": "x" * 101, "password": "y"}, []],
)
def test_a_login_that_is_none(site, body):
    answer = with_logins(site.portal).post(SESSION, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]
