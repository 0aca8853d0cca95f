"""The address of a Kafka cluster, with what it takes to be let in: one form for every client."""

import os
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from stream.transports.log import LogError

FORM = (
    "kafka://[user[:password]@]host:port[,host:port…]"
    "[?sasl_mechanism=…&security_protocol=…&ssl_cafile=…&ssl_certfile=…&ssl_keyfile=…]"
)
PASSWORD = "BATON_KAFKA_PASSWORD"  # the name of an environment variable
CHOICES = {
    "security_protocol": ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "sasl_mechanism": ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
}
FILES = ("ssl_cafile", "ssl_certfile", "ssl_keyfile")


def client_settings(url: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The settings for an address, by the names that aiokafka and kafka-python share.

    With a user the default is SCRAM-SHA-512 over TLS, with a certificate file TLS, else neither. A user's
    password is the address's, else that of BATON_KAFKA_PASSWORD, which other users of the machine can't see.
    LogError for another form; no message holds a password.
    """
    address = _split(url)
    options = dict(parse_qsl(address.query))
    _check(url, address, options)
    login, at, hosts = address.netloc.rpartition("@")
    files = {name: options[name] for name in FILES if name in options}
    protocol = options.get("security_protocol", "SASL_SSL" if at else "SSL" if files else "PLAINTEXT")
    settings: dict[str, Any] = {"bootstrap_servers": hosts.split(","), "security_protocol": protocol}
    if protocol.startswith("SASL_"):
        settings |= _login(url, login, environ)
        settings["sasl_mechanism"] = options.get("sasl_mechanism", "SCRAM-SHA-512")
    if protocol.endswith("SSL"):
        settings["ssl_context"] = _tls(url, files)
    return settings


def where(url: str) -> str:
    """The address as messages name it, without user and password."""
    hosts = url.partition("://")[2].partition("?")[0].rpartition("@")[2]
    return f"Kafka at {hosts.partition('/')[0] or url.partition('://')[0]}"


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise _of_another_form(url, str(error)) from None


def _check(url: str, address: SplitResult, options: Mapping[str, str]) -> None:
    login, at, hosts = address.netloc.rpartition("@")
    if address.scheme != "kafka" or not all(hosts.split(",")) or (at and not login):
        raise _of_another_form(url)
    if address.path.strip("/") or address.fragment or "@" in login:
        raise _of_another_form(url, "in a user or password write / ? # @ : as %2F %3F %23 %40 %3A")
    if unknown := sorted(options.keys() - {*CHOICES, *FILES}):
        raise _of_another_form(url, f"unknown: {', '.join(unknown)}")
    for name, choices in CHOICES.items():
        if options.get(name, choices[0]) not in choices:
            raise _of_another_form(url, f"{name} is one of {', '.join(choices)}")
    if at and not options.get("security_protocol", "SASL_SSL").startswith("SASL_"):
        raise _of_another_form(url, "with a user, security_protocol is SASL_SSL or SASL_PLAINTEXT")


def _login(url: str, login: str, environ: Mapping[str, str]) -> dict[str, str]:
    name, colon, password = login.partition(":")
    if not name:
        raise _of_another_form(url, "SASL needs a user")
    if not colon and PASSWORD not in environ:
        raise LogError(f"{where(url)}: user {unquote(name)} has no password: set {PASSWORD}")
    return {
        "sasl_plain_username": unquote(name),
        "sasl_plain_password": unquote(password) if colon else environ[PASSWORD],
    }


def _tls(url: str, files: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=files.get("ssl_cafile"))
        if "ssl_certfile" in files:
            context.load_cert_chain(files["ssl_certfile"], files.get("ssl_keyfile"), password="")
    except OSError as error:  # an SSLError is one
        named = ", ".join(f"{name}={file}" for name, file in files.items())
        raise LogError(
            f"{where(url)}: {named}: {error.strerror or error}; expected files in PEM, a key without passphrase"
        ) from None
    return context


def _of_another_form(url: str, why: str = "") -> LogError:
    return LogError(f"{where(url)}: expected {FORM}" + (f"; {why}" if why else ""))
