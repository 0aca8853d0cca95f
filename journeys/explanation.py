"""Explanation: why some identifiers are one customer, by which events, and on which of them it rests least firmly."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from journeys.documents import Document
from journeys.identity import Ways, strength
from journeys.journey_map import IdentifierType


class _Joined(NamedTuple):
    a: str
    b: str
    link: Document


def names_of(customer: Mapping[str, Any]) -> list[str]:
    """The identifiers of a customer's document, each as `type:value`."""
    return [f"{type}:{value}" for type, values in customer["identifiers"].items() for value in values]


def explanation(customer: Document, start: str, rules: Mapping[str, IdentifierType]) -> Document:
    """Of a customer's document: from one of its identifiers, `start`, the chain of links that leads to each other one.

    Every chain has its weakest link: the one that rests on the weakest identifier, of several the latest. The
    customer's `weakest_link` is the weakest of all: without it two customers would be left.
    """
    ways = Ways(_Joined(link["a"], link["b"], link) for link in customer["links"])

    def weakest(chain: list[Document]) -> Document | None:
        return max(
            chain,
            key=lambda link: (max(strength(link[end], rules)[0] for end in "ab"), link["at"], link["id"]),
            default=None,
        )

    chains = {
        name: [each.link for each in ways.between(start, name)]
        for name in names_of(customer)
        if name != start
    }
    return {
        "customer": customer["id"],
        "identifier": start,
        "identifiers": customer["identifiers"],
        "chains": {name: {"links": chain, "weakest_link": weakest(chain)} for name, chain in chains.items()},
        "weakest_link": weakest(customer["links"]),
    }
