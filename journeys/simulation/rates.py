"""How often what happens. A share is of orders unless it says otherwise.

There is no trustworthy published rate of order fallout. These are chosen so that a week of 20,000 orders has some
hundred of every kind, while three orders in four still go well: more trouble than a good operator has, as much as a
bad one in a bad week. Who shares, mistypes or lacks an identifier matters more to identity than what broke, and is
set by what is commonly reported of web shops: a third order as guests, one typed e-mail in fifty is wrong, one
household in fifteen shares an address, one delivery of an event in ten is a repeat.
"""

PAYMENT = {"declined_then_paid": 0.02, "declined": 0.008, "paid_late": 0.01, "never_paid": 0.006}
DISPATCH = {"dispatched_late": 0.012, "never_dispatched": 0.008}
DELIVERY = {"delivered_late": 0.02, "never_delivered": 0.01}
ACTIVATION = {
    "never_activated": 0.012,
    "stuck": 0.01,
    "activated_late": 0.02,
    "activated_at_the_last_moment": 0.015,
    "failed": 0.006,
    "failed_then_activated": 0.008,
    "other_plan": 0.008,
    "other_sim": 0.006,
    "other_sim_and_unknown_number": 0.008,
    "activated_before_delivery": 0.008,
    "activated_twice": 0.008,
}
BILLING = {
    "never_billed": 0.008,
    "billed_late": 0.01,
    "billed_twice": 0.006,
    "billed_for_another_plan": 0.006,
    "billed_before_activation": 0.006,
    "billed_to_another_customer": 0.006,
}
CANCELLED = {"cancelled": 0.03}
FATES = PAYMENT | DISPATCH | DELIVERY | ACTIVATION | BILLING | CANCELLED
"""What goes wrong with an order; all others go well."""

PORTING = {
    "rejected_then_ported": 0.05,
    "rejected": 0.02,
    "ported_late": 0.03,
    "never_ported": 0.015,
    "ported_twice": 0.01,
}
"""Of numbers that are ported in; independent of what else goes wrong."""

GIVES_UP = 0.25
"""Of customers whose line never comes: cancels a while after the promise."""

ORDERS_A_PERSON = {1: 0.84, 2: 0.12, 3: 0.03, 5: 0.01}
REGISTERED = 0.65
"""Of people: have a customer number."""
LOGGED_IN = 0.85
"""Of orders of the registered; the others order as guests."""
KNOWN_BEFORE = 0.7
"""Of the registered: opened their account long before."""
SECOND_EMAIL = 0.05
GIVES_PHONE = 0.7
HOUSEHOLD = 0.06
"""Of people: share an e-mail or a number with one to three others."""
USES_THE_SHARED = 0.7
MISTYPED_EMAIL = 0.02
MISTYPED_PHONE = 0.01
MISTYPED_INTO_ANOTHERS = 0.05
"""Of those: happens to be somebody else's."""
FILLED_IN_WITH_NOTHING = 0.01
"""Of orders: `n/a`, `0` and the like for the e-mail, and as often for the number."""
KIOSK = 0.015
"""Of orders: made at a store's kiosk, under the kiosk's e-mail; more in a small world that has one at all."""
ORDERS_A_KIOSK = 40
LEAST_ORDERS_WITH_A_KIOSK = 400
PORTED_IN = 0.18
TOGETHER = 0.3
"""Of two orders of a person within a day: come in one parcel."""
RECYCLED = 0.01
"""Of new lines: get a number that was another customer's until days before."""
CHANGED_HANDS = 0.005
"""Of people: give a number that was somebody else's until months ago, at an operator who told nobody."""
SIGNS_UP = 0.4
"""Of activated lines: the customer signs up in the app."""
SIGNS_UP_IF_NOTHING_SHOWS = 0.85
"""Of lines activated for a SIM card and a number that nobody knows: it is how they become hers."""

CALLS = {"once": 0.08, "unrecognised": 0.02, "from_an_unknown_number": 0.012, "again": 0.03}
STRANGERS = 0.1
"""People who only call, for each order."""
RECOGNISED = 0.95
NAMES_AN_ORDER = 0.3
WITHHELD = 0.04
"""Of calls: without a number."""

TWICE = 0.1
"""Of events: are delivered a second time."""
SLOW = 0.03
"""Of events: are under way for minutes to an hour."""
