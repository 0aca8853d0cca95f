"""Who was a customer before: accounts, the monthly invoice, and numbers that were somebody else's."""

from collections.abc import Sequence

from journeys.instants import DAY, HOUR
from journeys.simulation import rates
from journeys.simulation.calendar import STARTS
from journeys.simulation.people import Person
from journeys.simulation.story import Story, Tenure


def account(story: Story, person: Person, left: int = STARTS) -> None:
    """Billing's record of a customer from before the week, and the last invoice before she `left`."""
    if person.known_since is None:
        return
    named = {"crm": person.crm, "email": person.emails[0], "phone": person.phones[0]}
    story.tells("billing.account_opened", person.known_since, person, **named)
    invoiced = left - story.chance.randint(HOUR, 30 * DAY)
    if invoiced > person.known_since:
        story.tells("billing.invoice_sent", invoiced, person, **named)


def numbers_that_changed_hands(story: Story, people: Sequence[Person]) -> None:
    """Numbers that somebody else had given, and left the operator with months ago."""
    for person in people:
        if person.known_since is None and not person.shared and story.chance.random() < rates.CHANGED_HANDS:
            number = person.phones[0]
            left = STARTS - story.chance.randint(61 * DAY, 120 * DAY)
            holder = story.people.previous_holder(number, left)
            account(story, holder, left)
            story.tenures[f"phone:{number}"] += [Tenure(holder, None), Tenure(person, None)]


def released_numbers(story: Story, number: str, owner: Person, placed: int) -> None:
    """The number of a new line was another customer's, who left during the week before the order was placed."""
    released = STARTS + int((placed - STARTS) * story.chance.uniform(0.3, 0.9))
    holder = story.people.previous_holder(number, released)
    account(story, holder)
    story.tenures[f"phone:{number}"] = [Tenure(holder, released), Tenure(owner, None)]
    if story.chance.random() < 0.5:
        sim = story.people.sim()
        story.tells("activation.line_deactivated", released, holder, iccid=sim, number=number)
    else:
        story.tells("porting.number_ported_out", released, holder, number=number)
