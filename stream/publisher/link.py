"""The link to Kafka: one idempotent producer, made when it is first needed and made anew after it failed.

A record batch per partition is under way at a time, so that what fails can't be overtaken by what follows.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from stream.publisher.client import away, explained, missing
from stream.publisher.spool import Letter
from stream.transports.kafka_address import client_settings, where
from stream.transports.kafka_greeting import greet
from stream.transports.log import MAX_ENTRY_BYTES, LogError, LogUnavailable

GATHERING_MS = 1_000
KICK_SECONDS = 0.05
CLOSE_SECONDS = 2


class Flight:
    """Letters on their way, in order, and what is known of each."""

    def __init__(self, place: str, letters: Sequence[Letter], known: Sequence[Any]) -> None:
        """`known`: per letter what the producer will say, or why it was not even sent."""
        self._place = place
        self.letters = letters
        self._known = known

    @property
    def landed(self) -> bool:
        """Every letter's fate is known."""
        return all(isinstance(known, LogError) or known.is_done for known in self._known)

    def wait(self, seconds: float) -> list[LogError | None]:
        """Per letter None when Kafka has it, else why not; LogUnavailable also when there is no answer yet."""
        deadline = time.monotonic() + seconds
        return [
            self._problem(letter, known, max(0.0, deadline - time.monotonic()))
            for letter, known in zip(self.letters, self._known, strict=True)
        ]

    def _problem(self, letter: Letter, known: Any, seconds: float) -> LogError | None:
        if isinstance(known, LogError):
            return known
        try:
            known.get(timeout=seconds)
        except KafkaTimeoutError as error:
            return away(self._place, error)
        except KafkaError as error:
            return explained(error, self._place, letter.topic)
        return None


class Link:
    """Used by one thread. `patience`: seconds after which Kafka counts as away."""

    def __init__(self, broker: str, patience: float, **client: Any) -> None:
        self._settings = client_settings(broker) | client
        self._place = where(broker)
        self._patience = patience
        self._producer: KafkaProducer | None = None

    def send(self, letters: Sequence[Letter]) -> Flight:
        """Start sending; never raises for Kafka's sake: the flight knows."""
        try:
            producer = self._open_producer()
        except KafkaError as error:
            return Flight(self._place, letters, [self._why(error)] * len(letters))
        unsendable = {
            topic: self._unsendable(producer, topic) for topic in {letter.topic for letter in letters}
        }
        known = [unsendable[letter.topic] or self._sent(producer, letter) for letter in letters]
        with suppress(KafkaError):
            producer.flush(timeout=KICK_SECONDS)
        return Flight(self._place, letters, known)

    def reset(self) -> None:
        """Give up what is under way; the next send is by another producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer._sender.force_close()  # close() would wait for what is under way
            with suppress(KafkaError):
                producer.close(timeout=CLOSE_SECONDS)

    def _open_producer(self) -> KafkaProducer:
        if self._producer is None:
            milliseconds = int(self._patience * 1000)
            self._producer = KafkaProducer(
                **{
                    "bootstrap_timeout_ms": milliseconds,
                    "max_block_ms": milliseconds,
                    "reconnect_backoff_max_ms": 1_000,
                    "acks": "all",
                    "enable_idempotence": True,
                    "compression_type": "gzip",
                    "batch_size": MAX_ENTRY_BYTES,
                    "linger_ms": GATHERING_MS,
                    "allow_auto_create_topics": False,
                    **self._settings,
                }
            )
        return self._producer

    def _why(self, error: KafkaError) -> LogError:
        """Why there is no producer. What somebody must mend may be mended, so letters wait for it in the spool."""
        try:
            asyncio.run(greet(self._place, self._settings, self._patience))
        except LogError as problem:
            return LogUnavailable(str(problem))
        return explained(error, self._place)

    def _unsendable(self, producer: KafkaProducer, topic: str) -> LogError | None:
        asked = time.monotonic() * 1000
        try:
            producer.partitions_for(topic)
        except KafkaTimeoutError as error:
            if producer._metadata._last_successful_refresh_ms >= asked:
                return missing(self._place, topic)
            return away(self._place, error)
        except KafkaError as error:
            return explained(error, self._place, topic)
        return None

    def _sent(self, producer: KafkaProducer, letter: Letter) -> Any:
        key, value, headers, timestamp = letter.entry
        try:
            return producer.send(
                letter.topic, value=value, key=key, headers=list(headers), timestamp_ms=timestamp
            )
        except KafkaError as error:
            return explained(error, self._place, letter.topic)


def is_transient(problem: LogError | None) -> bool:
    return isinstance(problem, LogUnavailable)
