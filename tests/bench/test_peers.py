"""The programs that are compared give right results, those of them that need nothing installed for themselves.

The others' installation takes a minute; `make bench` verifies every run of every peer by the same measures.
"""

from contextlib import suppress
from pathlib import Path

from stream.transports.log import open_log
from tests.bench.peers import measuring
from tests.bench.peers.compare import INPUTS, MEASURES
from tests.bench.peers.measuring import Place
from tests.bench.peers.orders import STEPS, play
from tests.bench.peers.peer import PEERS
from tests.bench.peers.program import Input, TooFast
from tests.bench.sections import keep_first, keep_section
from tests.support.kafka import Broker

OURS = [peer for peer in PEERS if peer.name in ("Baton", "Faust")]


async def test_the_programs_of_baton_and_of_faust_give_right_results(
    own_kafka: Broker, tmp_path: Path
) -> None:
    log = open_log(own_kafka.url)
    await log.start()
    orders = play(500)
    for what, topic in INPUTS.items():
        measuring.create(own_kafka.address, topic)
        for batches in orders.on(topic):
            await log.append(batches)
        for peer in OURS:
            folder = tmp_path / f"{what}-{peer.name}"
            folder.mkdir()
            given, place = Input(orders, topic, 1), Place(own_kafka.address, log, folder.name, folder)
            with suppress(TooFast):
                assert await MEASURES[what](peer, given, place) > 0
    await log.stop()


def test_one_order_in_twenty_lacks_its_last_event_and_no_other_lacks_any() -> None:
    orders = play(2_000)
    counts = [count for order, count in orders.counts.items() if order.startswith("A")]
    assert set(counts) == {len(STEPS), len(STEPS) - 1}
    assert len(orders.missing) == counts.count(len(STEPS) - 1)
    assert 0.03 < len(orders.missing) / len(counts) < 0.07
    assert orders.size == sum(orders.counts.values())


def test_a_section_is_replaced_in_its_place_and_the_rest_is_left(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# First\n\nold\n\n## Two\n\nold\n\n## Three\n\nkept\n")
    keep_section(page, "Two", "new")
    keep_first(page, "# First\n\nnew\n")
    keep_section(page, "Four", "new\n")
    assert page.read_text() == "# First\n\nnew\n\n## Two\n\nnew\n\n## Three\n\nkept\n\n## Four\n\nnew\n"
