"""What somebody types to find a customer, as the spellings under which it may be stored."""

from api.store.searches import Wanted
from journeys.journey_map import JourneyMap


def spellings(text: str, journey_map: JourneyMap) -> list[Wanted]:
    """`type:value`, or a value of any type: as typed, and as each type's normaliser writes it."""
    text = text.strip()
    kind, colon, value = text.partition(":")
    found: list[Wanted] = [(None, text)]
    if colon:
        found.append((kind, value.strip()))
    for identifier in journey_map.identifiers.values():
        of_this_type = value if colon and kind == identifier.name else text
        if (spelling := identifier.normalise(of_this_type)) is not None:
            found.append((identifier.name, spelling))
    return list(dict.fromkeys(found))
