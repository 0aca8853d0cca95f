"""An order's way: placed, paid, dispatched, delivered; then its line is activated, billed and ported, see lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from journeys.instants import DAY, HOUR, MINUTE, SECOND, format_instant
from journeys.simulation import rates
from journeys.simulation.calendar import EVENING, SHOPPING, drawn, working
from journeys.simulation.people import Person
from journeys.simulation.spelling import NOTHING
from journeys.simulation.story import Delivered, Story

PLANS = ("S", "M", "L", "XL")
_WELL = "well"


@dataclass(slots=True, eq=False)
class Order:
    """An order as it was given. `line` is the number that it is to have; `fate` what goes wrong."""

    number: str
    person: Person
    placed: int
    promised: int
    fate: str
    plan: str
    iccid: str
    line: str
    ported_in: bool
    given: dict[str, str] = field(default_factory=dict)
    activated: int | None = None


class Orders:
    """Plays the orders of one person after another; `placed` are those that came about."""

    def __init__(self, story: Story, people: Sequence[Person], orders: int) -> None:
        self._story, self._people = story, people
        self._kiosks = max(1, round(orders * rates.KIOSK / rates.ORDERS_A_KIOSK))
        self._at_kiosks = max(rates.KIOSK, rates.ORDERS_A_KIOSK / orders)
        if orders < rates.LEAST_ORDERS_WITH_A_KIOSK:
            self._at_kiosks = 0
        self._chance = story.chance
        self._fates = [*rates.FATES, _WELL]
        self._weights = [*rates.FATES.values(), 1 - sum(rates.FATES.values())]

    def of(self, person: Person) -> list[Order]:
        """Play all that this person orders, up to the delivery; give the orders that were placed."""
        parcels = list(self._parcels(person))
        for parcel in parcels:
            self._play(parcel)
        return [order for parcel in parcels for order in parcel]

    def _parcels(self, person: Person) -> Iterator[list[Order]]:
        parcel: list[Order] = []
        for _ in range(person.orders):
            after = None
            if parcel and len(parcel) < 2 and self._chance.random() < rates.TOGETHER:
                after = parcel[0].placed + self._chance.randint(10 * MINUTE, 20 * HOUR)
            order = self._order(person, after)
            if after is None and parcel:
                yield parcel
                parcel = []
            parcel.append(order)
        if parcel:
            yield parcel

    def _order(self, person: Person, placed: int | None) -> Order:
        chance, story = self._chance, self._story
        if placed is None:
            placed = drawn(chance, story.days, EVENING, SHOPPING)
        placed = story.works("shop", placed)
        ported_in = chance.random() < rates.PORTED_IN
        order = Order(
            number=story.number("A"),
            person=person,
            placed=placed,
            promised=(placed - placed % DAY) + chance.randint(4, 5) * DAY + 20 * HOUR,
            fate=chance.choices(self._fates, self._weights)[0],
            plan=chance.choice(PLANS),
            iccid=story.people.sim(),
            line=story.people.phone(),
            ported_in=ported_in,
        )
        if order.fate == "other_sim_and_unknown_number":
            order.ported_in = False
        if order.ported_in and person.orders == 1 and chance.random() < 0.6:
            order.line = person.phones[0]
        order.given = self._given(order)
        return order

    def _given(self, order: Order) -> dict[str, str]:
        """How the customer names herself."""
        chance, person = self._chance, order.person
        given = {}
        if person.crm and chance.random() < rates.LOGGED_IN:
            given["crm"] = person.crm
        given["email"] = person.emails[-1 if chance.random() < 0.3 else 0]
        if chance.random() < rates.GIVES_PHONE:
            given["contact_phone"] = person.phones[0]
        if chance.random() < rates.USES_THE_SHARED:
            given |= person.shared
        if chance.random() < self._at_kiosks:
            kiosk = chance.randrange(self._kiosks)
            given |= {"email": f"kiosk{kiosk}@shop.example", "store": f"store-{kiosk}"}
        elif chance.random() < rates.MISTYPED_EMAIL:
            given["email"] = self._story.people.mistyped_email(given["email"], self._people)
        if "contact_phone" in given and chance.random() < rates.MISTYPED_PHONE:
            given["contact_phone"] = self._story.people.mistyped_phone(given["contact_phone"], self._people)
        for name in ("email", "contact_phone"):
            if chance.random() < rates.FILLED_IN_WITH_NOTHING:
                given[name] = chance.choice(NOTHING)
        return given

    def _play(self, parcel: list[Order]) -> None:
        for order in parcel:
            self._story.tells(
                "shop.order_placed", order.placed, order.person, [order.number],
                order=order.number, plan=order.plan, promised_at=format_instant(order.promised), **order.given,
            )  # fmt: skip
        paid = {order.number: self._paid(order) for order in parcel}
        ready = [order for order in parcel if paid[order.number] is not None]
        together = all(order.fate not in rates.DISPATCH | rates.DELIVERY for order in ready)
        for each in [ready] if ready and together else [[order] for order in ready]:
            self._send(each, max(paid[order.number] or 0 for order in each))

    def _paid(self, order: Order) -> int | None:
        """When the order was paid and is to be sent; None: it never is."""
        chance, fate, story = self._chance, order.fate, self._story
        reference = story.number("PAY")
        named = {"order": order.number, "payment": reference}
        about = (order.person, [order.number])
        soon = order.placed + int(chance.expovariate(1 / 25) * SECOND) + 2 * SECOND
        if fate == "cancelled":
            cancelled = order.placed + chance.randint(MINUTE, 4 * HOUR)
            if (authorised := story.works("payment", soon)) < cancelled:
                story.tells("payment.authorised", authorised, *about, **named)
            self._cancel(order, cancelled)
            return None
        if fate == "never_paid":
            return None
        if fate.startswith("declined"):
            soon = story.works("payment", soon)
            story.tells("payment.declined", soon, *about, reason="card refused", **named)
            if fate == "declined":
                return None
            soon += chance.randint(2 * MINUTE, 20 * MINUTE)
        if fate == "paid_late":
            soon = order.placed + story.within("payment") + self._overdue(2 * HOUR)
        authorised = story.works("payment", soon)
        story.tells("payment.authorised", authorised, *about, **named)
        return authorised

    def _send(self, parcel: list[Order], paid: int) -> None:
        chance, story = self._chance, self._story
        fate = parcel[0].fate
        person, numbers = parcel[0].person, [order.number for order in parcel]
        if fate == "never_dispatched":
            return self._give_up(parcel[0], paid + story.within("dispatch"))
        dispatched = working(paid + int(chance.lognormvariate(1.3, 0.5) * HOUR), 6, 20)
        if fate == "dispatched_late":
            dispatched = paid + story.within("dispatch") + self._overdue(8 * HOUR)
        dispatched = story.works("logistics", dispatched)
        reference = story.number("P")
        for order in parcel:
            packed = story.works("logistics", dispatched - chance.randint(10 * MINUTE, HOUR))
            story.tells(
                "logistics.order_packed", packed, person, [order.number],
                order=order.number, parcel=reference, iccid=order.iccid,
            )  # fmt: skip
        story.tells("logistics.parcel_dispatched", dispatched, person, numbers, parcel=reference)
        if fate == "never_delivered":
            return self._give_up(parcel[0], parcel[0].promised)
        delivered = working(dispatched + chance.randint(12 * HOUR, 34 * HOUR), 8, 19)
        if fate == "delivered_late":
            delivered = parcel[0].promised + self._overdue(12 * HOUR)
        delivered = story.works("logistics", delivered)
        story.tells(
            "logistics.parcel_delivered", delivered, person, numbers,
            parcel=reference, items=[{"iccid": order.iccid, "plan": order.plan} for order in parcel],
        )  # fmt: skip
        for order in parcel:
            story.lines.append(Delivered(order, paid, dispatched, delivered))
        return None

    def _overdue(self, mean: int) -> int:
        return int(self._chance.expovariate(1 / mean)) + MINUTE

    def _give_up(self, order: Order, waited_until: int) -> None:
        if self._chance.random() < rates.GIVES_UP:
            self._cancel(order, waited_until + self._chance.randint(2 * HOUR, 2 * DAY))

    def _cancel(self, order: Order, at: int) -> None:
        self._story.tells(
            "shop.order_cancelled", self._story.works("shop", at), order.person, [order.number],
            order=order.number, reason="changed my mind",
        )  # fmt: skip
