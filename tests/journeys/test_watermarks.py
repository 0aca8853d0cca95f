"""Up to when a department's events have all been seen, and who waits for that."""

from journeys.journey_map import Department
from journeys.watermarks import Deadlines, DepartmentWatermarks

DEPARTMENTS = {"shop": Department("shop", "shop.events")}
SOMETIMES_SILENT = {"shop": Department("shop", "shop.events", silent_after=1_000)}


def test_a_department_has_no_watermark_until_each_of_its_sources_has_reported() -> None:
    watermarks = DepartmentWatermarks(DEPARTMENTS)
    watermarks.report("shop", "shop.events/0", 2, 100)
    assert watermarks.by_name == {}
    watermarks.report("shop", "shop.events/1", 2, 90)
    assert watermarks.by_name == {"shop": 90}


def test_the_slowest_source_decides() -> None:
    watermarks = DepartmentWatermarks(DEPARTMENTS)
    for source, up_to in (("0", 100), ("1", 90), ("0", 500)):
        watermarks.report("shop", source, 2, up_to)
    assert watermarks.by_name == {"shop": 90}
    watermarks.report("shop", "1", 2, 200)
    assert watermarks.by_name == {"shop": 200}


def test_a_watermark_never_goes_back() -> None:
    watermarks = DepartmentWatermarks(DEPARTMENTS)
    watermarks.judged_on({"shop": 100})
    watermarks.report("shop", "0", 1, 50)
    watermarks.judged_on({"shop": 70})
    assert watermarks.by_name == {"shop": 100}


def test_a_silent_departments_watermark_stands_still_until_it_is_heard_again_and_what_is_read_goes_on() -> (
    None
):
    watermarks = DepartmentWatermarks(SOMETIMES_SILENT)
    watermarks.report("shop", "0", 1, 900, heard=100)
    watermarks.report("shop", "0", 1, 5_000)
    assert watermarks.by_name == {"shop": 1_100, "shop read": 5_000}
    watermarks.report("shop", "0", 1, 6_000, heard=5_900)
    assert watermarks.by_name == {"shop": 6_000, "shop read": 6_000}


def test_what_was_reported_survives_a_restart() -> None:
    before, after = DepartmentWatermarks(DEPARTMENTS), DepartmentWatermarks(DEPARTMENTS)
    before.report("shop", "0", 2, 100)
    after.restore(before.encode())
    after.report("shop", "1", 2, 90)
    assert after.by_name == {"shop": 90}


def test_a_neighbourhood_is_due_when_a_departments_watermark_has_passed_its_instant() -> None:
    due = {"order:A-1": {"shop": 100, "activation": 50}, "order:A-2": {"shop": 200}}
    deadlines = Deadlines(lambda identifier: due.get(identifier, {}))
    for identifier, instants in due.items():
        deadlines.put(identifier, instants)
    assert deadlines.passed("shop", 100, most=9) == deadlines.passed("activation", 7, most=9) == []
    assert (
        deadlines.passed("shop", 101, most=9) == deadlines.passed("activation", 51, most=9) == ["order:A-1"]
    )
    assert deadlines.passed("shop", 201, most=9) == ["order:A-1", "order:A-2"]
    assert deadlines.passed("shop", 201, most=1) == ["order:A-1"]


def test_a_neighbourhood_stays_due_until_something_else_counts_for_it() -> None:
    due = {"order:A-1": {"shop": 100}}
    deadlines = Deadlines(lambda identifier: due.get(identifier, {}))
    deadlines.put("order:A-1", {"shop": 100})
    assert [deadlines.passed("shop", 500, most=9) for _ in range(2)] == [["order:A-1"], ["order:A-1"]]
    due["order:A-1"] = {"shop": 700}
    deadlines.put("order:A-1", {"shop": 700})
    assert deadlines.passed("shop", 500, most=9) == []
    assert deadlines.passed("shop", 701, most=9) == ["order:A-1"]
    del due["order:A-1"]
    assert deadlines.passed("shop", 900, most=9) == []
