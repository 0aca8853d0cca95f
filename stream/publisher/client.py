"""What kafka-python's errors mean to those who can mend them."""

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

_ANOTHER_PRODUCER_CAN = (
    IllegalStateError,
    InvalidProducerEpochError,
    OutOfOrderSequenceNumberError,
    ProducerFencedError,
    UnknownProducerIdError,
)


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
