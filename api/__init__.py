"""HTTP in front of a read model of customers, journeys, handoffs and alerts.

It takes events in and appends them to the log; it never judges a handoff. What it shows was written by the
projection, save acknowledgements, which are people's and live only here.
"""
