"""Silences: a department of which nothing was heard for longer than the map allows, no event and no heartbeat."""

from collections.abc import Iterator
from itertools import pairwise

from journeys.simulation.promises import Broken
from journeys.simulation.world import World


def silences(world: World) -> Iterator[Broken]:
    """Each from when it was too long, until the department was heard again."""
    for name, department in world.journey_map.departments.items():
        if department.silent_after is None:
            continue
        for nth, (last, again) in enumerate(pairwise([*_signs(world, name), None])):
            assert last is not None
            began = last + department.silent_after
            if (again or world.until) > began:
                yield Broken("silent_department", name, None, nth, began, again)


def known_until(world: World) -> dict[str, int]:
    """Department → up to when what it did not tell did not happen: not while it is silent."""
    known = dict.fromkeys(world.journey_map.departments, world.until)
    for name, department in world.journey_map.departments.items():
        if department.silent_after is not None and (signs := _signs(world, name)):
            known[name] = min(world.until, signs[-1] + department.silent_after)
    return known


def _signs(world: World, department: str) -> list[int]:
    """When a department was heard of, by its own clock."""
    told = [h.told_at for h in world.happenings if h.department == department and h.names]
    return sorted((*told, *world.beats.get(department, ())))
