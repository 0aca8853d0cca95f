"""Workers that keep their state on disk, and are killed at any moment."""

import random
import time

from journeys.actors import CLOSED
from stream.changelog import row_key
from tests.support.generator import events, slices
from tests.support.sites import PATIENCE, Site
from tests.support.verifier import Reader, Results

ON_DISK = ("--state", "rocksdb")


def test_kills_at_any_moment_leave_a_state_on_disk_to_go_on_with(
    site: Site, seed: int, some_events: list[bytes], undisturbed: Results, chance: random.Random, full: bool
) -> None:
    played = events(seed, 100_000) if full else some_events
    for part in slices(played, 20 if full else 3):
        worker = site.start(*ON_DISK)
        with site.sending(part):
            worker.until_working()
            time.sleep(chance.uniform(0, 6 if full else 3))
            worker.kill()
    site.start(*ON_DISK)
    results = site.prove(patience=1800 if full else PATIENCE)
    assert full or results == undisturbed
    assert not any("is discarded" in worker.said for worker in site.workers)
    state = Reader(site.broker.address, [site.topics.state])
    kinds = {row_key(record.key)[0] for record in state.news() if record.value is not None}
    state.close()
    assert CLOSED in kinds, "all that was played is long over: some of it is closed"
