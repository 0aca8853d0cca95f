"""Everything that runs on the log: from the departments' events to journeys, customers and alerts.

Where this differs from a state that only grows: what is over is closed (stream/closing.py). A closed neighbourhood
is one row, and is called back by whatever reaches it, so that results are by construction those without closing;
markers of events that were dropped would need a rule of which old events count, and memory for each.
"""
