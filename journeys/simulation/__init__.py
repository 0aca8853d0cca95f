"""A telecom operator's weeks, seeded, with the truth about them: who is who, and what really broke.

The world comes first: people place orders, departments work on them or fail to, callers call. Only then is it told
as departments tell it: with their clocks, their spellings, their delays, their repeats. The truth is what happened
in the world; it knows nothing of how Baton finds out, and imports nothing of it but the journey map's promises.

What is true, where nobody can know everything, is what a careful human with all events before them could know:

- A customer is one person, as far as the person's own identifiers lead from event to event. Two guest orders of one
  person that share nothing are two customers.
- People who use one e-mail or number, of whom no more than one ever gives a customer number, are one customer: nothing
  tells them apart. If two or more have customer numbers, these are separate customers and the identifier is contested:
  an identity conflict for the second and each further one. Events with a contested identifier and nothing that leads to
  a customer number are of one of these people, nobody can say which. As far as their own identifiers lead from one to
  another they are a customer that is not clear; who makes them another person's is wrong, the same person's is not.
- A kiosk's e-mail says nothing about who ordered. A number belongs to whoever held it at the time.
- Something broke when it did by a perfect clock. Where the departments' own clocks say otherwise, by their skew of
  seconds to minutes, nobody can say which: such an item is marked undecidable, and counts neither way.
- An activation under a SIM card and a number that nobody knows is part of the order from when something tells whose the
  number is. If that is after the deadline it is `identity_late`; if nothing ever does, the activation is `missing`.
- A failure that nothing mended is `failed`; it is not `missing` as well. A number that no event ever ties to a customer
  is no unrecognised caller.
"""
