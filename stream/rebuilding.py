"""Begin the results anew from what the departments sent, under the map as it is now."""

from contextlib import aclosing

from stream.changelog import changelog_entries
from stream.dead_letters import read_dead_letters
from stream.map_version import MAP_ROW, MadeUnder
from stream.sending import Sender
from stream.topics import Topics
from stream.transports.log import Entry, Log, Offsets


async def discard_results(log: Log, topics: Topics, now: int) -> None:
    """Forget all that was made of the sources, while no worker runs; `now` in µs.

    May be repeated, and must be after an error. Up to the last step but one the state names the old map, so
    that no worker with the new one goes on with half of it.
    """
    results = (topics.observations, topics.seen, topics.journeys, topics.customers)
    await log.discard(results, topics.groups)
    await log.discard([topics.state], [])
    count = await log.partitions(topics.state)
    begun = [MadeUnder.new(topics.journey_map, count, rebuilt=now).encode() for _ in range(count)]
    await log.append({(topics.state, n): changelog_entries([(MAP_ROW, row)]) for n, row in enumerate(begun)})


async def settle_letters(log: Log, topics: Topics) -> int:
    """Drop the dead letters whose records are read again, or were discarded; gives how many stay.

    The others are all that is left of their records, or tell of a receiver.
    """
    letters = await read_dead_letters(log, topics.dead_letters)
    first = await _first_offsets(log, topics)
    settled = []
    for letter in letters:
        again = letter["offset"] >= first.get((letter["topic"], letter["partition"]), letter["offset"] + 1)
        if again or letter["topic"] in (topics.journeys, topics.customers, topics.alerts):
            settled.append(Entry(letter["id"].encode(), None))
    await Sender(log).send(topics.dead_letters, settled)
    return len(letters) - len(settled)


async def _first_offsets(log: Log, topics: Topics) -> Offsets:
    """The first record of each source partition that has any."""
    found = {}
    for topic in topics.sources:
        for partition in range(await log.partitions(topic)):
            async with aclosing(log.read(topic, partition)) as batches:
                async for records in batches:
                    found[topic, partition] = records[0].offset
                    break
    return found
