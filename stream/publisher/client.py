"""What kafka-python is told by an address, and what its errors mean to those who can mend them."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from kafka.errors import (
    AuthorizationError,
    IllegalStateError,
    InvalidProducerEpochError,
    InvalidTopicError,
    KafkaConfigurationError,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumberError,
    ProducerFencedError,
    RecordListTooLargeError,
    SaslAuthenticationFailedError,
    UnknownProducerIdError,
    UnknownTopicOrPartitionError,
    UnrecognizedBrokerVersion,
    UnsupportedSaslMechanismError,
    UnsupportedVersionError,
)

from stream.transports.log import EntryTooLarge, LogError, LogUnavailable

FORM = "kafka://[user:password@]host:port[,host:port…][?sasl_mechanism=…&security_protocol=…&ssl_cafile=…]"
IN_AN_ADDRESS = ("security_protocol", "sasl_mechanism", "ssl_cafile", "ssl_certfile", "ssl_keyfile")

_ANOTHER_PRODUCER_CAN = (
    IllegalStateError,
    InvalidProducerEpochError,
    OutOfOrderSequenceNumberError,
    ProducerFencedError,
    UnknownProducerIdError,
)


def client_settings(url: str) -> dict[str, Any]:
    """kafka-python's settings for an address. With a user, the default is SCRAM-SHA-512 over TLS.

    LogError for another form; no message holds the password.
    """
    address = urlsplit(url)
    user, at, hosts = address.netloc.rpartition("@")
    options = dict(parse_qsl(address.query))
    unknown = sorted(options.keys() - set(IN_AN_ADDRESS))
    if address.scheme != "kafka" or not hosts or unknown:
        raise LogError(
            f"{where(url)}: expected {FORM}" + (f"; unknown: {', '.join(unknown)}" if unknown else "")
        )
    settings: dict[str, Any] = {"bootstrap_servers": hosts.split(",")}
    if at:
        name, _, password = user.partition(":")
        settings |= {
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": unquote(name),
            "sasl_plain_password": unquote(password),
        }
    return settings | options


def where(url: str) -> str:
    """The address as messages name it."""
    return f"Kafka at {urlsplit(url).netloc.rpartition('@')[2] or url.partition('://')[0]}"


def explained(error: KafkaError, place: str, topic: str = "") -> LogError:
    """The error as LogUnavailable when trying again may help, else as LogError, and what to do."""
    of_topic = f" for topic {topic}" if topic else ""
    match error:
        case MessageSizeTooLargeError() | RecordListTooLargeError():
            return EntryTooLarge(
                f"{place}: too large{of_topic}: raise max.message.bytes with `baton topics apply`"
            )
        case UnknownTopicOrPartitionError() | InvalidTopicError():
            return missing(place, topic or str(error))
        case SaslAuthenticationFailedError() | UnsupportedSaslMechanismError():
            return LogError(
                f"{place} refuses the credentials: check user, password and sasl_mechanism ({error})"
            )
        case AuthorizationError():
            return LogError(
                f"{place} forbids it{of_topic}: grant this user the ACLs it needs: a publisher DESCRIBE and WRITE on "
                "its topic, `baton topics` DESCRIBE, DESCRIBE_CONFIGS, CREATE and ALTER_CONFIGS on all of them"
            )
        case UnsupportedVersionError() | UnrecognizedBrokerVersion():
            return LogError(f"{place} is too old: Baton needs Kafka 2.5 or newer ({error})")
        case KafkaConfigurationError():
            return LogError(f"{place}: {error}")
    if error.retriable or isinstance(error, _ANOTHER_PRODUCER_CAN):
        return away(place, error)
    return LogError(f"{place} refuses{of_topic}: {error}")


def missing(place: str, topic: str) -> LogError:
    return LogError(f"{place}: topic {topic} does not exist: create it with `baton topics apply`")


def away(place: str, error: object) -> LogUnavailable:
    return LogUnavailable(
        f"{place} is away ({error}): check the address, that it runs, the credentials "
        "(user, password, sasl_mechanism) and TLS (security_protocol, ssl_cafile)"
    )
