"""Bad, repeated, shuffled and late input: it changes no result, and costs nothing but its own dead letters."""

import random

from tests.support.ledger import Sent
from tests.support.sites import Site
from tests.support.verifier import Results

LONG = b"x" * 300_000
POISON: dict[str, tuple[bytes | None, bytes | None]] = {
    "invalid_json": (b"syntax", b'{"specversion":"1.0","id":"1","sou'),
    "missing_attribute": (b"schema", b'{"specversion":"1.0","id":"1","source":"/shop"}'),
    "too_large": (b"oversize", b'{"specversion":"1.0","data":"' + LONG + b'"}'),
    "missing_identifiers": (
        None,
        b'{"specversion":"1.0","id":"1","source":"/shop","type":"shop.order_placed","data":{"order":"null"}}',
    ),
    "empty": (b"tombstone", None),
    "invalid_json (NaN)": (b"NaN", b'{"specversion":"1.0","id":"1","data":NaN}'),
    "nested_too_deep": (
        b"deep",
        b'{"specversion":"1.0","id":"deep","source":"/shop","type":"shop.order_placed",'
        b'"data":{"order":"A-1","deep":' + b"[" * 300 + b"]" * 300 + b"}}",
    ),
}


def test_of_one_percent_poison_every_record_is_a_dead_letter_and_no_worker_restarts(
    site: Site, some_events: list[bytes], undisturbed: Results, chance: random.Random
) -> None:
    records = list(site.records(some_events))
    poison = [list(POISON)[n % len(POISON)] for n in range(len(records) // 100)]
    for reason in poison:
        key, value = POISON[reason]
        place = chance.randrange(len(records))
        records.insert(place, Sent(chance.choice(site.topics.sources), key, value))
    worker = site.start().until_working()
    site.ledger.send(records)
    assert site.prove() == undisturbed
    assert site.dead_letters() == sorted(reason.partition(" ")[0] for reason in poison)
    assert site.workers == [worker]
    assert "rash" not in worker.said, worker.said


def test_duplicates_shuffled_and_a_day_late_change_nothing(
    site: Site, some_events: list[bytes], undisturbed: Results, chance: random.Random
) -> None:
    a_day = len(some_events) // 10  # of the ten that they are of
    records = list(site.records(some_events))
    again = [
        record._replace(partition=chance.randrange(4))
        for record in chance.sample(records, len(records) // 10)
    ]
    places = [(n + chance.uniform(0, 1000) + a_day * (chance.random() < 0.02), record)
              for n, record in enumerate(records)]  # fmt: skip
    places += [(chance.uniform(0, len(records)), record) for record in again]
    site.start().until_working()
    site.ledger.send(record for _, record in sorted(places, key=lambda place: place[0]))
    assert site.prove() == undisturbed
    assert site.dead_letters() == []
