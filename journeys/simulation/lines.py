"""A line's way: activated, billed, its old number ported; and the customer signs up in the app."""

from journeys.instants import DAY, HOUR, MINUTE, format_instant
from journeys.simulation import rates
from journeys.simulation.accounts import released_numbers
from journeys.simulation.calendar import STARTS, working
from journeys.simulation.orders import PLANS, Order
from journeys.simulation.people import Person
from journeys.simulation.story import Delivered, Story


class Lines:
    """Plays what follows a delivery. `registered` are people in whose name a line may be billed by mistake."""

    def __init__(self, story: Story, registered: list[Person]) -> None:
        self._story, self._registered = story, registered
        self._chance = story.chance

    def play(self, delivered: Delivered) -> None:
        order = delivered.order
        if order.ported_in:
            self._port(order, delivered.paid)
        elif order.placed > STARTS + 36 * HOUR and self._chance.random() < rates.RECYCLED:
            released_numbers(self._story, order.line, order.person, order.placed)
        activated = self._activate(order, delivered.dispatched, delivered.delivered)
        if activated is None:
            if order.fate != "failed" and self._chance.random() < rates.GIVES_UP:
                self._cancel(order, delivered.delivered + self._story.within("activation"))
            return
        order.activated = activated
        self._bill(order, activated)
        signs_up = rates.SIGNS_UP_IF_NOTHING_SHOWS if _nothing_shows(order) else rates.SIGNS_UP
        if self._chance.random() < signs_up:
            self._sign_up(order, activated + self._chance.randint(10 * MINUTE, 2 * DAY))

    def _activate(self, order: Order, dispatched: int, delivered: int) -> int | None:
        chance, story, fate = self._chance, self._story, order.fate
        line = {"iccid": order.iccid, "number": order.line}
        about = (order.person, [order.number])
        if fate == "never_activated":
            return None
        begun = delivered
        if fate == "activated_before_delivery":
            begun = dispatched + int((delivered - dispatched) * chance.uniform(0.1, 0.8))
        accepted = story.works("activation", begun + chance.randint(2 * MINUTE, 15 * MINUTE))
        if not _nothing_shows(order):
            story.tells("activation.accepted", accepted, *about, **line)
        if fate == "stuck":
            return None
        activated = accepted + int(chance.lognormvariate(3.4, 0.6) * MINUTE)
        if fate.startswith("failed"):
            failed = story.works("activation", accepted + chance.randint(MINUTE, 9 * MINUTE))
            story.tells("activation.failed", failed, *about, reason="number is still ported out", **line)
            if fate == "failed":
                return None
            activated = failed + chance.randint(20 * MINUTE, 3 * HOUR)
        allowed = story.within("activation")
        if fate == "activated_at_the_last_moment":
            activated = delivered + int(allowed * chance.uniform(0.77, 0.98))
        if fate == "activated_late":
            activated = delivered + allowed + MINUTE + int(chance.expovariate(1 / (3 * HOUR)))
        says = line | {"plan": order.plan}
        if fate == "other_plan":
            says["plan"] = chance.choice([plan for plan in PLANS if plan != order.plan])
        if fate in ("other_sim", "other_sim_and_unknown_number"):
            says["iccid"] = story.people.sim()
        activated = story.works("activation", activated)
        story.tells("activation.line_activated", activated, *about, **says)
        if fate == "activated_twice":
            again = story.works("activation", activated + chance.randint(10 * MINUTE, 2 * HOUR))
            story.tells("activation.line_activated", again, *about, **says)
        return activated

    def _bill(self, order: Order, activated: int) -> None:
        """In the next night's batch."""
        chance, story, fate = self._chance, self._story, order.fate
        person: Person | None = order.person
        says = {"crm": order.person.crm, "iccid": order.iccid, "plan": order.plan}
        if fate == "never_billed":
            return
        if fate == "billed_for_another_plan":
            says["plan"] = chance.choice([plan for plan in PLANS if plan != order.plan])
        night = activated - activated % DAY + 2 * HOUR
        billed = night + chance.randint(0, 3 * HOUR) + (DAY if night < activated else 0)
        if fate == "billed_late":
            billed = activated + story.within("billing") + MINUTE + int(chance.expovariate(1 / (12 * HOUR)))
        if fate == "billed_before_activation":
            billed = activated - chance.randint(10 * MINUTE, HOUR)
        if fate == "billed_to_another_customer" and "crm" in order.given:
            other = chance.choice(self._registered)
            if other is not order.person:
                says["crm"], person = other.crm, None
        billed = story.works("billing", billed)
        story.tells("billing.billing_started", billed, person, [order.number], **says)
        if fate == "billed_twice":
            again = story.works("billing", billed + chance.randint(1, 2) * DAY)
            story.tells("billing.billing_started", again, person, [order.number], **says)

    def _port(self, order: Order, paid: int) -> None:
        chance, story = self._chance, self._story
        fates = [*rates.PORTING, "ported"]
        weights = [*rates.PORTING.values(), 1 - sum(rates.PORTING.values())]
        fate = chance.choices(fates, weights)[0]
        asked = story.works("porting", working(paid + chance.randint(5 * MINUTE, HOUR), 7, 18, 5))
        named = {"port": story.number("N"), "number": order.line}
        promised = self._ask(order, asked, named)
        if fate.startswith("rejected"):
            rejected = story.works("porting", asked + chance.randint(HOUR, 8 * HOUR))
            story.tells(
                "porting.request_rejected", rejected, order.person, [order.number], port=named["port"]
            )
            if fate == "rejected":
                return
            promised = self._ask(
                order, story.works("porting", rejected + chance.randint(HOUR, 6 * HOUR)), named
            )
        if fate == "never_ported":
            return
        ported = promised - chance.randint(30 * MINUTE, 10 * HOUR)
        if fate == "ported_late":
            ported = promised + MINUTE + int(chance.expovariate(1 / (10 * HOUR)))
        for _ in range(2 if fate == "ported_twice" else 1):
            ported = story.works("porting", ported)
            story.tells("porting.number_ported", ported, order.person, [order.number], **named)
            ported += chance.randint(HOUR, 5 * HOUR)

    def _ask(self, order: Order, at: int, named: dict[str, str]) -> int:
        """Ask the operator that has the number; the time that it promises, which a further request puts off."""
        promised = at - at % DAY + self._chance.randint(2, 3) * DAY + 18 * HOUR
        self._story.tells(
            "porting.number_requested", at, order.person, [order.number],
            order=order.number, promised_at=format_instant(promised), **named,
        )  # fmt: skip
        return promised

    def _sign_up(self, order: Order, at: int) -> None:
        person = order.person
        story = self._story
        email = person.shared.get("email")
        email = email if email and order.given["email"] == email else person.emails[0]
        crm = person.crm if self._chance.random() < 0.7 else None
        story.tells("app.signed_up", story.works("app", at), person, crm=crm, email=email, number=order.line)

    def _cancel(self, order: Order, waited_until: int) -> None:
        at = self._story.works("shop", waited_until + self._chance.randint(2 * HOUR, 2 * DAY))
        self._story.tells(
            "shop.order_cancelled", at, order.person, [order.number], order=order.number, reason="no line"
        )


def _nothing_shows(order: Order) -> bool:
    """Whether no department has named the SIM card or the number that is activated.

    Somebody with several orders, or who shares an address, is spared that: nobody could know which order it was.
    """
    person = order.person
    return order.fate == "other_sim_and_unknown_number" and person.orders == 1 and not person.shared
