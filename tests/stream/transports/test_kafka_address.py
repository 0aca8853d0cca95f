"""The address of a cluster: what clients are told, and that nobody is told the password."""

import ssl

import pytest

from stream.transports.kafka_address import client_settings, where
from stream.transports.log import LogError


def settings(url: str, **environ: str) -> dict[str, object]:
    return {name: value for name, value in client_settings(url, environ).items() if name != "ssl_context"}


def test_without_a_user_nothing_is_asked_for() -> None:
    assert settings("kafka://a:1,b:2") == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }


def test_a_user_means_scram_over_tls_unless_the_address_says_otherwise() -> None:
    login = {"sasl_plain_username": "shop", "sasl_plain_password": "s/cret"}
    assert settings("kafka://shop:s%2Fcret@a:1") == {
        "bootstrap_servers": ["a:1"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        **login,
    }
    plain = "?security_protocol=SASL_PLAINTEXT&sasl_mechanism=PLAIN"
    assert settings(f"kafka://shop@a:1{plain}", BATON_KAFKA_PASSWORD="s/cret") == {
        "bootstrap_servers": ["a:1"],
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        **login,
    }


def test_the_password_of_the_address_comes_before_that_of_the_environment() -> None:
    given = settings("kafka://shop:nearer@a:1", BATON_KAFKA_PASSWORD="farther")
    assert given["sasl_plain_password"] == "nearer"


def test_tls_verifies_the_broker() -> None:
    context = client_settings("kafka://a:1?security_protocol=SSL")["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("kafka://", "expected kafka://[user[:password]@]host:port"),
        ("kafka://a:1,,b:2", "expected kafka://"),
        ("kafka://[a:1", "expected kafka://"),
        ("rabbit://a:1", "expected kafka://"),
        ("kafka://shop:secret@a:1?tls=on", "unknown: tls"),
        ("kafka://shop:sec/secret@a:1", "in a user or password write / ? # @ : as %2F %3F %23 %40 %3A"),
        ("kafka://shop:sec#secret@a:1", "in a user or password write"),
        ("kafka://shop:sec@secret@a:1", "in a user or password write"),
        ("kafka://:secret@a:1", "SASL needs a user"),
        ("kafka://a:1?security_protocol=SASL_SSL", "SASL needs a user"),
        ("kafka://shop:secret@a:1?security_protocol=SSL", "with a user, security_protocol is SASL_SSL"),
        ("kafka://a:1?security_protocol=TLS", "security_protocol is one of PLAINTEXT, SSL"),
        ("kafka://shop:secret@a:1?sasl_mechanism=GSSAPI", "sasl_mechanism is one of PLAIN"),
        ("kafka://shop@a:1", "user shop has no password: set BATON_KAFKA_PASSWORD"),
        ("kafka://a:1?ssl_cafile=/nowhere.pem", "ssl_cafile=/nowhere.pem: No such file"),
    ],
)
def test_what_is_no_address_is_refused_without_its_password(url: str, why: str) -> None:
    with pytest.raises(LogError) as refused:
        client_settings(url, {})
    assert why in str(refused.value)
    assert "sec" not in str(refused.value).replace("security_protocol", "").replace("sasl", "")


def test_an_address_is_named_without_user_and_password() -> None:
    for url in (
        "kafka://a:1,b:2?ssl_cafile=x",
        "kafka://shop:secret@a:1,b:2",
        "kafka://shop:sec/ret@a:1,b:2",
    ):
        assert where(url) == "Kafka at a:1,b:2"
