"""Messages between partitions: as bytes and back, and no larger than a log takes."""

from hypothesis import given
from hypothesis import strategies as st

from journeys import messages
from journeys.events import Event
from journeys.messages import pieces
from journeys.routing import ABSORB, JOIN, OBSERVE, SHARED

EVENT = Event(
    "k.1", "shop.order_placed", 5, ["order:A-1"], {"plan": "größer"}, "/shop", "1", [["t", 0, 7]], 0
)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
rows = st.lists(
    texts.map(lambda id: (id, EVENT._replace(id=id).encode())), max_size=20, unique_by=lambda row: row[0]
)
announced = st.dictionaries(texts, texts.map(str.encode), max_size=20)
names = st.lists(texts, max_size=20, unique=True)
absorbs = st.tuples(st.just(ABSORB), rows, names, names, announced)


def test_an_observed_event_survives_the_way() -> None:
    for marks in ([], ["order:A-1"]):
        kind, row, carried = messages.decode(messages.encode((OBSERVE, EVENT.encode(), marks)))
        assert (kind, Event.decode(row), list(carried)) == (OBSERVE, EVENT, marks)
        assert messages.decode(messages.encode((OBSERVE, row, carried))) == (OBSERVE, row, carried)
    assert messages.observe(EVENT) == messages.encode((OBSERVE, EVENT.encode(), ()))


def test_a_join_a_judgement_and_watermarks_survive_the_way() -> None:
    for because in ("order:A-1", None):
        join = (JOIN, "email:a@example.com", because)
        assert messages.decode(messages.encode(join)) == join
    assert messages.decode(messages.encode((SHARED, "order:A-1"))) == (SHARED, "order:A-1")
    assert messages.decode(messages.judge(7, {"shop": 5})) == (messages.JUDGE, 7, {"shop": 5})
    assert messages.decode(messages.heard("shop", [[1, 2]])) == (messages.HEARD, "shop", [[1, 2]])
    reports = [("shop", "shop.events/0", 1, 9, None)]
    assert messages.decode(messages.watermarks(reports)) == (messages.WATERMARK, [list(reports[0])])


@given(absorbs)
def test_an_absorb_survives_the_way(absorb: tuple[object, ...]) -> None:
    assert messages.decode(messages.encode(absorb)) == absorb


@given(absorbs, st.integers(1, 2000))
def test_the_pieces_of_an_absorb_are_small_and_nothing_is_lost(absorb: tuple, most: int) -> None:  # type: ignore[type-arg]
    whole: tuple[list[object], list[object], list[object], dict[str, bytes]] = ([], [], [], {})
    for _, some, known, marks, said in pieces(absorb, most):
        sizes = [*(len(row) for _, row in some), *map(len, (*known, *marks)), *map(len, said.values())]
        assert sum(sizes) <= most or len(sizes) == 1
        whole[0].extend(some)
        whole[1].extend(known)
        whole[2].extend(marks)
        whole[3].update(said)
    assert (ABSORB, *whole) == absorb
