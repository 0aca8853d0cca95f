import pytest

from journeys.payload import Paths

EVENT = {
    "id": "1",
    "source": "/shop",
    "subject": "A-1001",
    "data": {
        "order": "A-1001",
        "email": None,
        "items": [
            {"id": "x", "sims": [{"iccid": "1"}]},
            {"id": "y", "sims": [{"iccid": "2"}, {"iccid": "3"}]},
            "odd",
        ],
        "tags": ["a", ["b", None], "c"],
        "by_name": {"one": {"id": 1}, "two": {"id": 2}},
        "0": "zero",
        "paid": False,
    },
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("subject", ["A-1001"]),
        ("partitionkey", []),
        ("data.order", ["A-1001"]),
        ("data.email", []),
        ("data.paid", [False]),
        ("data.missing.deeper", []),
        ("data.order.deeper", []),
        ("data.items.0.id", ["x"]),
        ("data.items.7.id", []),
        ("data.items.*.id", ["x", "y"]),
        ("data.items.*.sims.*.iccid", ["1", "2", "3"]),
        ("data.by_name.*.id", [1, 2]),
        ("data.by_name.two.id", [2]),
        ("data.tags", ["a", "b", "c"]),
        ("data.0", ["zero"]),
        ("data.items.999999999999", []),
    ],
)
def test_a_path_leads_to_its_values(path: str, values: list[object]) -> None:
    assert Paths.compile(path)(EVENT) == values


def test_several_paths_add_up_in_their_order() -> None:
    assert Paths.compile("data.items.*.id", "subject")(EVENT) == ["x", "y", "A-1001"]


@pytest.mark.parametrize("event", [{}, {"data": None}, {"data": "text"}, {"data": ["order"]}, {"data": 7}])
def test_an_event_with_other_data_has_nothing_there(event: dict[str, object]) -> None:
    assert Paths.compile("data.order", "data.items.*.id", "data.a.b")(event) == []


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "data.",
        ".data",
        "data..id",
        "data.a*",
        "*",
        "data. id",
        "order_id",
        "order.id",
        "Data.id",
        "$.data",
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="expected a path"):
        Paths.compile(path)


def test_a_path_that_forgot_data_is_told_so() -> None:
    with pytest.raises(ValueError, match=r"did you mean 'data\.order_id'"):
        Paths.compile("order_id")
