"""Rebuild: everything Baton made is made again from what the departments sent, under a changed map."""

import asyncio
import time
from dataclasses import dataclass

from api.store.read_model import ReadModel
from deploy.errors import Unusable
from stream.carried import carry
from stream.notify.alertmanager import Alertmanager
from stream.notify.webhook import Webhook
from stream.rebuilding import discard_results, settle_letters
from stream.topics import Topics
from stream.transports.log import Log

RECEIVERS = tuple(f"notify-{receiver.name}" for receiver in (Alertmanager, Webhook))


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`alerts` that receivers are not told of again; dead `letters` whose records are gone from the sources."""

    alerts: int
    letters: int


async def rebuild(log: Log, topics: Topics, model: ReadModel) -> Rebuilt:
    """Discard what workers made, so that the next one reads the sources from their start; may be repeated.

    Unusable while a worker runs. Acknowledgements stay, for alerts keep their fingerprints.
    """
    if busy := await log.in_use([*topics.groups, *map(topics.group, RECEIVERS)]):
        raise Unusable(
            f"a worker is running ({', '.join(busy)}), or was killed seconds ago: end all workers first"
        )
    alerts = await carry(log, topics)
    await asyncio.to_thread(model.writer.clear)
    await discard_results(log, topics, time.time_ns() // 1000)
    return Rebuilt(alerts, await settle_letters(log, topics))
