"""When things happen: by hour and weekday, in working hours. Instants are microseconds; all hours are UTC."""

import random

from journeys.instants import DAY, HOUR, parse_instant

STARTS = parse_instant("2026-01-12T00:00:00Z")
"""Every week starts on a Monday."""
EVENING = (6, 3, 2, 1, 1, 2, 5, 12, 22, 32, 38, 40, 42, 40, 38, 38, 40, 46, 54, 64, 72, 66, 44, 20)
"""A web shop by hour: most at eight in the evening, next to nothing at four."""
MORNING = (0, 0, 0, 0, 0, 0, 0, 0, 60, 90, 100, 92, 70, 68, 76, 80, 78, 70, 50, 30, 0, 0, 0, 0)
"""A call center by hour: open from eight to eight, busiest at ten."""
SHOPPING = (105, 100, 98, 98, 95, 90, 114)
"""From Monday; Sunday is the web shop's best day."""
CALLING = (130, 110, 100, 98, 96, 45, 0)
"""From Monday, when the weekend's troubles are told; closed on Sunday."""


def drawn(
    chance: random.Random, days: float, hours: tuple[int, ...], weekdays: tuple[int, ...], since: int = STARTS
) -> int:
    """An instant within `days` after `since`, as likely as its hour and weekday are busy."""
    top = max(hours) * max(weekdays)
    while True:
        instant = since + int(chance.random() * days * DAY)
        if chance.random() * top < hours[hour(instant)] * weekdays[weekday(instant)]:
            return instant


def hour(instant: int) -> int:
    return instant % DAY // HOUR


def weekday(instant: int) -> int:
    """0 is Monday."""
    return (instant - STARTS) // DAY % 7


def working(instant: int, opens: int, closes: int, days: int = 6) -> int:
    """The instant itself, if it is between these hours on one of the week's first `days`; else when work begins."""
    while weekday(instant) >= days or hour(instant) >= closes:
        instant += DAY - instant % DAY
    return max(instant, instant - instant % DAY + opens * HOUR)
