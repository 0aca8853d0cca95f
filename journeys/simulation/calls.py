"""Calls: of customers with something to ask, and of people whom no department knows."""

from journeys.instants import DAY, HOUR, MINUTE
from journeys.simulation import rates
from journeys.simulation.accounts import account
from journeys.simulation.calendar import CALLING, MORNING, drawn, working
from journeys.simulation.orders import Order
from journeys.simulation.people import Person
from journeys.simulation.spelling import WITHHELD
from journeys.simulation.story import Story


class Calls:
    """Plays what people ask the call center."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._chance = story.chance

    def about(self, order: Order) -> None:
        kinds = [*rates.CALLS, "never"]
        weights = [*rates.CALLS.values(), 1 - sum(rates.CALLS.values())]
        kind = self._chance.choices(kinds, weights)[0]
        if kind == "never":
            return
        at = drawn(self._chance, 5, MORNING, CALLING, since=order.placed + 10 * MINUTE)
        if kind == "from_an_unknown_number":
            return self._unknown(order, at)
        number = self._number(order, at)
        recognised = kind != "unrecognised" and self._is_recognised()
        self._call(order.person, number, at, recognised, self._names(order) if recognised else None)
        if kind == "again":
            self._again(order.person, number, at, order)
        return None

    def of_strangers(self, how_many: int) -> None:
        """People without orders: some have an account, most call once."""
        for _ in range(how_many):
            person = self._story.people.person()
            account(self._story, person)
            at = drawn(self._chance, self._story.days, MORNING, CALLING)
            self._call(person, person.phones[0], at, bool(person.known_since) and self._is_recognised(), None)
            if self._chance.random() < rates.CALLS["again"]:
                self._again(person, person.phones[0], at, None)

    def of_previous_holders(self) -> None:
        """Those whose number has been another's since may have called with it."""
        for identifier, tenures in sorted(self._story.tenures.items()):
            for person, until in tenures:
                at = drawn(self._chance, self._story.days, MORNING, CALLING)
                if until is not None and at < until and self._chance.random() < 0.5:
                    self._call(person, identifier.partition(":")[2], at, self._is_recognised(), None)

    def _again(self, person: Person, number: str, at: int, order: Order | None) -> None:
        for _ in range(self._chance.choice((1, 1, 1, 2, 3))):
            at = working(at + self._chance.randint(30 * MINUTE, 10 * HOUR), 8, 20)
            recognised = self._is_recognised()
            self._call(person, number, at, recognised, self._names(order) if order and recognised else None)

    def _unknown(self, order: Order, at: int) -> None:
        """Nobody knows whose number it is; from some it is learnt later."""
        person, number = order.person, self._story.people.phone()
        self._call(person, number, at, False, None)
        if self._chance.random() < 0.7:
            signed_up = self._story.works("app", at + self._chance.randint(10 * MINUTE, 2 * DAY))
            self._story.tells(
                "app.signed_up", signed_up, person,
                crm=person.crm, email=person.emails[0], number=number,
            )  # fmt: skip

    def _call(self, person: Person, number: str, at: int, recognised: bool, order: str | None) -> None:
        if self._chance.random() < rates.WITHHELD:
            number, recognised = WITHHELD, order is not None
        at = self._story.works("call_center", at)
        self._story.tells(
            "call_center.call_received", at, person, [order] if order else [],
            caller=number, recognised=recognised, order=order,
        )  # fmt: skip

    def _number(self, order: Order, at: int) -> str:
        """The new line's number once it works, else the one she has had."""
        works = order.activated is not None and order.activated < at
        return order.line if works and self._chance.random() < 0.5 else order.person.phones[0]

    def _is_recognised(self) -> bool:
        return self._chance.random() < rates.RECOGNISED

    def _names(self, order: Order) -> str | None:
        return order.number if self._chance.random() < rates.NAMES_AN_ORDER else None
