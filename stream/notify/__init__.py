"""Tell people about broken handoffs: each alert goes to a receiver until the receiver has taken it.

Delivery is at least once and in order for each alert. What a receiver refuses for good becomes a dead letter;
a receiver that is away, overloaded or set up wrongly (401, 404, a redirect) is asked again until it takes the
alert, because mending it must bring the alerts, not lose them.
"""
