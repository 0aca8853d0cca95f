"""Why a cluster lets nobody in, on real brokers: each has a remedy of its own."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest
from kafka.protocol.broker_version_data import BROKER_API_VERSIONS

from stream.transports.kafka_address import client_settings, where
from stream.transports.kafka_greeting import greet
from stream.transports.log import LogError, LogUnavailable
from tests.support.kafka import Broker
from tests.support.secured_kafka import SecuredBroker, password_of
from tests.support.services import free_port


async def refusal(url: str, password: str = "") -> str:
    """Why the cluster at the address lets nobody in, and, if trying again may help, that it is away."""
    with pytest.raises(LogError) as refused:
        await greet(where(url), client_settings(url, {"BATON_KAFKA_PASSWORD": password}))
    assert isinstance(refused.value, LogUnavailable) == ("is away" in str(refused.value))
    assert "secret" not in str(refused.value)
    return str(refused.value)


async def test_who_is_known_is_let_in(kafka: Broker, secured_kafka: SecuredBroker) -> None:
    await greet("Kafka", client_settings(kafka.url))
    await greet("Kafka", client_settings(f"kafka://127.0.0.1:{free_port()},{kafka.address}"))
    await greet("Kafka", client_settings(secured_kafka.url_of("shop")))
    known = {"BATON_KAFKA_PASSWORD": password_of("shop")}
    await greet("Kafka", client_settings(secured_kafka.tls_url_of("shop"), known))


async def test_who_is_not_let_in_is_told_what_to_check(secured_kafka: SecuredBroker, kafka: Broker) -> None:
    plain, tls = secured_kafka.url_of("shop", "wrong-secret"), secured_kafka.tls_url_of("shop")
    refused = "refuses the credentials of user shop: check user and password"
    assert refused in await refusal(plain)
    assert refused in await refusal(tls, "wrong-secret")
    assert "that user for sasl_mechanism SCRAM-SHA-512" in await refusal(tls, "wrong-secret")
    assert "takes sasl_mechanism" not in await refusal(tls, "wrong-secret")
    assert "does not take sasl_mechanism SCRAM-SHA-256" in await refusal(
        f"{tls}&sasl_mechanism=SCRAM-SHA-256"
    )
    without_ca = tls.partition("?")[0]
    assert "shows a certificate that is not trusted: check ssl_cafile" in await refusal(without_ca)
    no_kafka = "gives no answer that is Kafka's: check that it runs, the port, the credentials and TLS"
    assert no_kafka in await refusal(f"kafka://{secured_kafka.address}?security_protocol=SSL")
    for port in (secured_kafka.port, secured_kafka.tls_port):
        assert "security_protocol is PLAINTEXT, user none" in await refusal(f"kafka://127.0.0.1:{port}")
    one_too_many = f"kafka://shop:x@{kafka.address}?security_protocol=SASL_PLAINTEXT&sasl_mechanism=PLAIN"
    assert "takes no user" in await refusal(one_too_many)
    assert "nothing listens" in await refusal(f"kafka://127.0.0.1:{free_port()}")
    assert "check the name of the host" in await refusal("kafka://kafka.invalid:9092")


async def test_what_answers_in_plain_text_speaks_no_tls() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert "does not speak TLS" in await refusal(f"kafka://127.0.0.1:{port}?security_protocol=SSL")
    server.close()


@pytest.fixture
async def kafka_2_4() -> AsyncIterator[str]:
    """The address of what introduces itself as Kafka 2.4 does."""
    offered = sorted(BROKER_API_VERSIONS[2, 4].items())

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = struct.unpack(">i", await reader.readexactly(4))[0]
        correlation = (await reader.readexactly(size))[4:8]
        apis = b"".join(struct.pack(">hhh", api, *versions) for api, versions in offered)
        body = correlation + struct.pack(">hi", 0, len(offered)) + apis
        writer.write(struct.pack(">i", len(body)) + body)
        await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_broker_that_is_too_old_is_told_its_version(kafka_2_4: str) -> None:
    said = await refusal(f"kafka://{kafka_2_4}")
    assert said == f"Kafka at {kafka_2_4} is Kafka 2.4: Baton needs Kafka 2.5 or newer: update the brokers"
