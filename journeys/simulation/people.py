"""The people: what names them, whom they share it with, and from when until when it is theirs."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from journeys.instants import DAY
from journeys.simulation import rates
from journeys.simulation.calendar import STARTS
from journeys.simulation.spelling import with_check_digit

_FIRST = (
    "anna",
    "ben",
    "cem",
    "dora",
    "emil",
    "fatma",
    "georg",
    "hanna",
    "ivo",
    "jana",
    "karl",
    "lena",
    "nora",
    "otto",
)
_LAST = (
    "adler",
    "bauer",
    "celik",
    "dietz",
    "ernst",
    "franke",
    "graf",
    "hahn",
    "ilic",
    "jung",
    "kurz",
    "lang",
    "peters",
)
_MAIL = ("example.com", "example.org", "example.net", "mail.example", "post.example")


@dataclass(slots=True, eq=False)
class Person:
    """Somebody who orders or calls. `emails` and `phones` are their own; `shared` is the household's."""

    number: int
    crm: str | None
    emails: list[str]
    phones: list[str]
    known_since: int | None = None
    shared: dict[str, str] = field(default_factory=dict)
    orders: int = 1


class People:
    """Draws people and what names them; nothing is given twice."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._used: set[str] = set()
        self.all: list[Person] = []

    def who_order(self, orders: int) -> list[Person]:
        """People with so many orders in all, some of them in households."""
        people: list[Person] = []
        placed = 0
        while placed < orders:
            counts, weights = list(rates.ORDERS_A_PERSON), list(rates.ORDERS_A_PERSON.values())
            person = self.person(min(self._chance.choices(counts, weights)[0], orders - placed))
            placed += person.orders
            people.append(person)
        self._share(people)
        return people

    def person(self, orders: int = 0, registered: float = rates.REGISTERED) -> Person:
        chance, number = self._chance, len(self.all)
        crm = f"C-{100_000 + number}" if chance.random() < registered else None
        person = Person(number, crm, [self._email(number)], [self.phone()], orders=orders)
        if chance.random() < rates.SECOND_EMAIL:
            person.emails.append(self._email(number))
        if crm and chance.random() < rates.KNOWN_BEFORE:
            person.known_since = STARTS - chance.randint(70 * DAY, 900 * DAY)
        self.all.append(person)
        return person

    def previous_holder(self, phone: str, left: int) -> Person:
        """A customer until an instant, with the number that will be another's."""
        person = self.person(registered=1)
        person.phones = [phone]
        person.known_since = left - self._chance.randint(70 * DAY, 700 * DAY)
        return person

    def phone(self) -> str:
        """A number of a block that no operator uses."""
        return self._new(lambda: f"+49150{self._chance.randrange(10**7, 10**8)}")

    def sim(self) -> str:
        return self._new(lambda: with_check_digit(f"894902{self._chance.randrange(10**12):012d}"))

    def mistyped_email(self, email: str, others: Sequence[Person]) -> str:
        """The e-mail with a typing error: nobody's, or by chance somebody else's."""
        if self._chance.random() < rates.MISTYPED_INTO_ANOTHERS:
            return self._chance.choice(others).emails[0]
        at = self._chance.randrange(1, email.index("@"))
        return self._new(lambda: email[:at] + self._chance.choice("aeinrst") + email[at:])

    def mistyped_phone(self, phone: str, others: Sequence[Person]) -> str:
        """The number with a wrong digit: nobody's, or by chance somebody else's."""
        if self._chance.random() < rates.MISTYPED_INTO_ANOTHERS:
            return self._chance.choice(others).phones[0]
        at = self._chance.randrange(7, len(phone))
        return self._new(lambda: phone[:at] + str(self._chance.randrange(10)) + phone[at + 1 :])

    def _email(self, number: int) -> str:
        first, last = self._chance.choice(_FIRST), self._chance.choice(_LAST)
        between, domain = self._chance.choice((".", "_", "")), self._chance.choice(_MAIL)
        return self._new(lambda: f"{first}{between}{last}{self._chance.randrange(10**5)}@{domain}")

    def _new(self, draw: Callable[[], str]) -> str:
        while (drawn := draw()) in self._used:
            pass
        self._used.add(drawn)
        return drawn

    def _share(self, people: list[Person]) -> None:
        remaining = [person for person in people if self._chance.random() < rates.HOUSEHOLD]
        while len(remaining) > 1:
            members, remaining = remaining[: (size := self._chance.randint(2, 4))], remaining[size:]
            field, value = self._chance.choice(
                (("email", members[0].emails[0]), ("contact_phone", members[0].phones[0]))
            )
            for member in members:
                member.shared = {field: value}
