"""How right Baton is, measured against a truth that it has not seen, such as the simulator's.

- An alert is right if the truth has something broken of the same kind, in the same journey and handoff, or of the same
  call, department or disputed identifier. Withdrawn alerts claim nothing, and of
  what opened after the truth ends nothing is known. What the truth marks as undecidable counts
  neither way, found or not.
- Customers are scored by pairs of events, as is common for clusterings: precision is the share of pairs in one customer
  that truly are one customer's, recall the share of pairs of one true customer that were found together. An event
  counts to the customer of its journey, else to the one that lists it. A customer who is not clear, for nobody could
  know which of several people it is, is right apart from all others, and not wrong together with the same person's:
  these pairs are not counted. Nothing is built of pairs: the sizes of the overlaps suffice.
- A journey is right if it has exactly the events and calls that it truly has, but for calls of anybody.
"""
