"""Where an MQTT broker is, who we are to it, and what TLS needs."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from streamer.errors import SinkError

PORT, TLS_PORT = 1883, 8883
# TLS alerts (RFC 8446, section 6) as OpenSSL names them, by which a broker refuses our certificate
MISSING = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
PERHAPS_MISSING = "SSLV3_ALERT_HANDSHAKE_FAILURE"  # all that TLS 1.2 can say
EXPIRED = "SSLV3_ALERT_CERTIFICATE_EXPIRED"
WRONG = {
    "TLSV1_ALERT_UNKNOWN_CA",
    "TLSV1_ALERT_ACCESS_DENIED",
    "TLSV1_ALERT_DECRYPT_ERROR",
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
}


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it.

    `port` None means 1883, with `tls` 8883. `ca_file` None means the system's authorities;
    `cert_file` and `key_file` are our own certificate, if the broker asks for one.
    `client_id` None makes one that stays the same across restarts: the broker then knows at
    once that an earlier connection of ours is dead.
    """

    host: str
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    client_id: str | None = None
    keepalive_s: int = 30

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (TLS_PORT if self.tls else PORT)

    def check(self) -> None:
        """Raises SinkError (permanent) for what cannot be meant."""
        fault = ""
        try:
            self.host.encode("idna")
        except UnicodeError:
            fault = f"host '{self.host}' is no host name"
        if not self.host:
            fault = "host is empty"
        if self.password is not None and self.username is None:
            fault = "password is given without a username"
        if not self.tls and (self.ca_file or self.cert_file or self.key_file):
            fault = "ca_file, cert_file or key_file is given, but tls is false"
        if fault:
            raise SinkError(f"mqtt {fault}", permanent=True)

    def __str__(self) -> str:
        return "broker {}:{}".format(*self.address)


def tls_context(broker: Broker) -> ssl.SSLContext | None:
    """What TLS needs. Raises SinkError (permanent) naming the file that is wrong."""
    if not broker.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=broker.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise _bad_file("ca_file", broker.ca_file, error) from error
    if broker.cert_file:
        try:
            # An empty password keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(broker.cert_file, broker.key_file, password="")
        except (OSError, ssl.SSLError) as error:
            raise _bad_file("cert_file", broker.cert_file, error, broker.key_file) from error
    return context


def fault_of_alert(broker: Broker, alert: str) -> tuple[str, bool]:
    """What a TLS alert says of our certificate, and whether it is permanent; "" if nothing."""
    if alert in (MISSING, PERHAPS_MISSING) and not broker.cert_file:
        wants = "wants" if alert == MISSING else "broke TLS off; it may want"
        return (
            f"{broker} {wants} a certificate of ours: give cert_file and key_file",
            alert == MISSING,
        )
    if alert != EXPIRED and alert not in WRONG:
        return "", False
    why = alert.partition("ALERT_")[2].replace("_", " ").lower()
    # Of an expired one the broker's clock may be the reason, which is set some time.
    return (
        f"{broker} refused our certificate, cert_file '{broker.cert_file}': {why}",
        alert != EXPIRED,
    )


def _bad_file(
    key: str, path: Path | None, error: OSError, key_file: Path | None = None
) -> SinkError:
    reason = error.strerror if not isinstance(error, ssl.SSLError) else (error.reason or error)
    with_key = f" with key_file '{key_file}'" if key_file else ""
    right = "it must be a readable file in PEM format"
    if reason == "KEY_VALUES_MISMATCH":
        reason, right = "they do not belong together", "give the key of this very certificate"
    return SinkError(
        f"mqtt {key} '{path}'{with_key} cannot be used: {reason}; {right}",
        permanent=True,
    )
