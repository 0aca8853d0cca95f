"""Meets a cluster before anything else is asked of it, to say why it lets nobody in.

Kafka's clients try again whatever the reason, and say in the end that they were "unable to bootstrap".
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest
from kafka.protocol.broker_version_data import infer_broker_version_from_api_versions

from stream.transports.log import LogError, LogUnavailable

OLDEST = (2, 5)
SECONDS = 10.0
_TO_CONNECT = (
    "security_protocol",
    "ssl_context",
    "sasl_mechanism",
    "sasl_plain_username",
    "sasl_plain_password",
)


async def greet(place: str, settings: Mapping[str, Any], seconds: float = SECONDS) -> None:
    """Returns when a broker of the address has let us in, and is new enough; `place` is its name in messages.

    LogError for what somebody must mend: credentials, TLS, a broker that is too old. LogUnavailable where none
    answers, each having had `seconds` for it.
    """
    problems: list[LogError] = []
    for host, port, _ in collect_hosts(settings["bootstrap_servers"]):
        try:
            await _meet(host, port, place, settings, seconds)
            return
        except LogError as error:
            problems.append(error)
    raise min(problems, key=lambda problem: isinstance(problem, LogUnavailable))


async def _meet(host: str, port: int, place: str, settings: Mapping[str, Any], seconds: float) -> None:
    how = {name: settings[name] for name in _TO_CONNECT if settings.get(name) is not None}
    with _explaining(f"{host}:{port}", place, how):
        connection = await create_conn(host, port, request_timeout_ms=int(seconds * 1000), **how)
        try:
            _refuse_too_old(connection, place)
            await connection.send(MetadataRequest([]))
        finally:
            connection.close()


def _refuse_too_old(connection: AIOKafkaConnection, place: str) -> None:
    version = infer_broker_version_from_api_versions(connection._versions)
    if version < OLDEST:
        found, least = (".".join(map(str, each)) for each in (version, OLDEST))
        raise LogError(f"{place} is Kafka {found}: Baton needs Kafka {least} or newer: update the brokers")


@contextmanager
def _explaining(broker: str, place: str, how: Mapping[str, Any]) -> Iterator[None]:
    protocol, user = how["security_protocol"], how.get("sasl_plain_username")
    try:
        yield
    except SaslAuthenticationFailed as error:
        raise LogError(
            f"{place} refuses the credentials of user {user}: check user and password, and that the cluster has "
            f"that user for sasl_mechanism {how['sasl_mechanism']} ({error})"
        ) from error
    except UnsupportedSaslMechanismError as error:
        raise LogError(
            f"{place} does not take sasl_mechanism {how['sasl_mechanism']}: name another ({error})"
        ) from error
    except IllegalSaslStateError as error:
        raise LogError(
            f"{place} takes no user at {broker}: leave the user away, or give the port that asks for one"
        ) from error
    except ssl.SSLCertVerificationError as error:
        raise LogError(
            f"{place} shows a certificate that is not trusted: check ssl_cafile, and that the certificate names the "
            f"host ({error.verify_message})"
        ) from error
    except ssl.SSLError as error:
        raise LogError(
            f"{place} does not speak TLS at {broker}, or refuses the client's certificate: check the port, "
            f"security_protocol ({protocol}), ssl_certfile ({error.reason})"
        ) from error
    except socket.gaierror as error:
        raise LogUnavailable(
            f"{place} is away: check the name of the host {broker} ({error.strerror})"
        ) from error
    except ConnectionRefusedError as error:
        raise LogUnavailable(
            f"{place} is away: nothing listens at {broker}: check the address, and that Kafka runs"
        ) from error
    except (KafkaError, OSError, asyncio.IncompleteReadError, ValueError) as error:
        raise LogUnavailable(
            f"{place} is away: {broker} gives no answer that is Kafka's: check that it runs, the port, the "
            f"credentials and TLS (security_protocol is {protocol}, user {user or 'none'}) ({error!r})"
        ) from error
