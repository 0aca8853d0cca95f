"""On what was touched lately no further deadline passes, and none that has passed is taken back."""

import orjson

from journeys.instants import HOUR
from journeys.settling import Settling, held_back
from tests.support.scenario import instant, when

MARKS = {"shop": instant("12:00"), "activation": instant("14:00")}


def alert(department: str, judged_at: str | None) -> bytes:
    return orjson.dumps({"department": department, "judged_at": judged_at and when(judged_at)})


def test_a_neighbourhood_settles_when_all_that_follows_from_what_touched_it_last_was_handled() -> None:
    settling = Settling()
    settling.touched(["order:A", "order:B"], 3)
    settling.touched(["order:A"], 5)
    assert not settling.has_settled(2)
    assert settling.has_settled(4)
    assert ("order:A" in settling, "order:B" in settling) == (True, False)
    assert settling.has_settled(5)
    assert not settling


def test_after_a_restart_everything_has_to_settle() -> None:
    settling = Settling()
    settling.all_touched(7)
    assert "order:A" in settling
    assert not settling.has_settled(6)
    assert settling.has_settled(7)
    assert "order:A" not in settling


def test_a_watermark_is_held_back_to_what_announced_alerts_rest_on() -> None:
    announced = {
        "1": orjson.dumps({"rests_on": [["shop read", 5], ["activation", 7]], "judged_at": when("11:00")}),
        "2": orjson.dumps({"rests_on": [["activation", 9]], "judged_at": when("11:00")}),
    }
    assert held_back(MARKS, announced) == {"shop read": 6, "activation": 10}


def test_without_that_a_watermark_is_held_back_to_where_it_was_judged_on_already() -> None:
    assert held_back(MARKS, {}) == {}
    announced = {
        "1": alert("activation", "11:00"),
        "2": alert("activation", "13:00"),
        "3": alert("shop", None),
    }
    assert held_back(MARKS, announced) == {"activation": instant("13:00")}
    assert held_back({"activation": instant("13:00") - HOUR}, announced) == {"activation": instant("12:00")}
