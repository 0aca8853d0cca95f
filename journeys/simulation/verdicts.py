"""What broke in a whole world, by one clock: in every journey and in every customer's calls."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from journeys.map_parts import Contact, JourneyType
from journeys.simulation.contacts import attach, broken_contacts
from journeys.simulation.grouping import known_at
from journeys.simulation.happenings import Happening
from journeys.simulation.knowledge import Knowledge, Known
from journeys.simulation.promises import Broken, Clock, Course, Key, broken_promises
from journeys.simulation.silences import known_until
from journeys.simulation.world import World

OF_CUSTOMERS = ("crm:", "email:", "phone:")


class Verdicts:
    """`courses` by their order; `items` broken by their key, of which the `unclear` may be another customer's."""

    def __init__(self, world: World, knowledge: Knowledge, clock: Clock) -> None:
        self._world, self._knowledge, self._clock = world, knowledge, clock
        (type,) = world.journey_map.journeys.values()
        members: defaultdict[str, list[Happening]] = defaultdict(list)
        for h in sorted(world.happenings, key=clock):
            if h.type not in world.journey_map.contacts:
                for order in h.orders:
                    members[order].append(h)
        whose = {h: known for known in knowledge.customers for h in known.events}
        self.courses = {
            order: self._course(order, type, events, whose) for order, events in sorted(members.items())
        }
        self.unclear: set[Key] = set()
        self.items = {item.key: item for item in self._all()}

    def _course(
        self, order: str, type: JourneyType, events: list[Happening], whose: Mapping[Happening, Known]
    ) -> Course:
        """The journey, with what nothing in its events ties to it from when it is known; what never is, is left out."""
        course = Course(order, type, self._clock, events)
        ties = Counter(i for h in events for i in h.names if not i.startswith(OF_CUSTOMERS))
        start = next(h for h in events if h.type in type.starts)
        for h in [h for h in events if all(ties[i] < 2 for i in h.names) and h is not start]:
            at = None
            if whose.get(h) is whose[start]:
                mine = sorted(whose[start].events, key=self._clock)
                at = known_at(mine, start, h, self._knowledge.linking, self._clock)
            if at is None:
                course.events.remove(h)
            else:
                course.known[h] = at
        return course

    def _all(self) -> Iterator[Broken]:
        world = self._world
        (rule,) = world.journey_map.contacts.values()
        for known in self._knowledge.customers:
            for item in self._of_calls(known, rule) if known.clear else self._unclear_calls(known, rule):
                if not known.clear:
                    self.unclear.add(item.key)
                yield item
        until = known_until(world)
        for course in self.courses.values():
            yield from broken_promises(course, world.journey_map.events, until)

    def _of_calls(self, known: Known, rule: Contact) -> Iterator[Broken]:
        events = sorted(known.events, key=self._clock)
        started = {h.data["order"] for h in events if h.type == "shop.order_placed"}
        courses = [self.courses[order] for order in sorted(started)]
        attach([h for h in events if h.type == rule.type], courses)
        return broken_contacts(events, courses, rule, self._knowledge.linking, self._clock)

    def _unclear_calls(self, known: Known, rule: Contact) -> Iterator[Broken]:
        """Calls that may be anybody's of those who share the number: whatever is said of them may be right."""
        for call in known.events:
            if call.type == rule.type:
                at = self._clock(call)
                yield Broken("repeat_contact", call.ref, None, 0, at, None)
                if not call.data["recognised"]:
                    yield Broken("unrecognised_caller", call.ref, None, 0, at, None)
