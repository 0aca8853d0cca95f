"""What is kept of an event, for as long as its journey is open, takes no more memory than it is long."""

import tracemalloc

from journeys import messages
from journeys.events import Event
from journeys.routing import ABSORB

EVENT = Event("a.b", "shop.order_placed", 0, ["order:A-1"], {}, "/shop", "1", [["shop.events", 0, 1]], 0)
ROWS = 1000


def test_an_encoded_event_holds_no_spare_room() -> None:
    tracemalloc.start()
    rows = [EVENT.encode() for _ in range(ROWS)]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < ROWS * 2 * len(rows[0])


def test_an_absorbed_event_holds_no_spare_room() -> None:
    absorb = messages.encode((ABSORB, [(str(n), EVENT.encode()) for n in range(ROWS)], [], [], {}))
    tracemalloc.start()
    _, rows, _, _, _ = messages.decode(absorb)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(rows) == ROWS
    assert held < ROWS * 4 * len(rows[0][1])
