"""What a journey map says of identifiers, worked out once for all neighbourhoods."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from journeys.journey_map import IdentifierType, JourneyMap
from journeys.sharing import Limits


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """Identifier types by their name; prefixes are `type:`.

    `of_several`: types that name a customer, though more than one may have the same. `of_many`: that link nobody.
    `changing`: types that may move to another customer, after how long unheard (None: only once released).
    `releases`: event type → the identifier types whose holder's tenure it ends.
    """

    types: Mapping[str, IdentifierType]
    limits: Limits
    journeys: tuple[str, ...]
    unique: tuple[str, ...]
    of_several: tuple[str, ...]
    of_many: tuple[str, ...]
    changing: dict[str, int | None]
    releases: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, journey_map: JourneyMap) -> Self:
        types = journey_map.identifiers
        releases = {event.type: event.releases for event in journey_map.events.values() if event.releases}
        released = {name for names in releases.values() for name in names}
        return cls(
            types,
            Limits(types),
            tuple(f"{name}:" for name, rule in types.items() if rule.identifies == "journey"),
            tuple(f"{name}:" for name, rule in types.items() if rule.unique),
            tuple(
                f"{name}:"
                for name, rule in types.items()
                if rule.identifies == "customer" and rule.routes and not rule.unique
            ),
            tuple(f"{name}:" for name, rule in types.items() if not rule.routes),
            {
                name: rule.changes_hands_after
                for name, rule in types.items()
                if rule.changes_hands_after is not None or name in released
            },
            releases,
        )
