"""Linking: the links of a set of events, grouped under the rules.

An identifier that may be several people's, as a family's e-mail, is contested once two customers claim it (see claims).
Who claims it keeps the events; the first by the strongest link has the identifier itself, each other claim is a
conflict; and events that name nothing else of a claimant say nothing of whose they are by it. An operator who parts it
from all claimants but one decides: it links again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from journeys.claims import Claims
from journeys.events import Event
from journeys.identity_rules import IdentityRules
from journeys.links import LINK, UNLINK, Groups, Link, Pair, bare, by_time, strength, type_of
from journeys.tenures import Nodes, tenures

Named = Sequence[tuple[Event, list[str]]]
"""Events, each with the nodes of its identifiers that link, the strongest first."""


class Grouped(NamedTuple):
    """The groups, in time order the earliest links that make them, and the nodes that are contested."""

    groups: Groups
    links: list[Link]
    contested: frozenset[str]


class Linking(NamedTuple):
    """`events` in time order; `parted`: the pairs that operators keep apart; `is_disputed`: whether any unique type has
    two values here, so that the order of links matters.
    """

    events: list[Event]
    rules: IdentityRules
    parted: Mapping[Pair, Event]
    is_disputed: bool

    def nodes(self, apart: frozenset[str]) -> Nodes:
        """The tenures of what changed hands. An operator's link of what is one customer's without it claims nothing."""
        if not self.rules.changing:
            return {}
        repeating = self._repeating(apart) if any(event.type == LINK for event in self.events) else {}
        telling = self._replace(events=[event for event in self.events if event.key not in repeating])
        nodes = tenures(telling.events, self.rules, apart, telling.without)
        for event in self.events:
            for node in repeating.get(event.key, ()):
                nodes[bare(node), event.key] = node
        return nodes

    def _repeating(self, apart: frozenset[str]) -> dict[str, list[str]]:
        """The keys of links between nodes that are one customer's without any such link, with these nodes."""
        links = [event for event in self.events if event.type == LINK]
        others = self._replace(events=[event for event in self.events if event.type != LINK])
        groups = others.grouped(apart, others.nodes(apart)).groups
        standing: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for node in sorted(groups.nodes()):
            standing[bare(node)][groups.root(node)] = node
        repeating = {}
        for event in links:
            one, other = (standing[i] for i in event.identifiers)
            if shared := one.keys() & other.keys():
                repeating[event.key] = [one[max(shared)], other[max(shared)]]
        return repeating

    def without(self, apart: frozenset[str]) -> tuple[Groups, frozenset[str]]:
        """The groups of everything but what is `apart`, and what of that is contested."""
        groups, _, contested = self.grouped(apart, {})
        return groups, contested

    def grouped(self, apart: frozenset[str], nodes: Nodes) -> Grouped:
        named = self._named(apart, nodes)
        contested = self._contested(named) if self.is_disputed else frozenset()
        groups, links = self._joined(named, contested)
        return Grouped(groups, links, contested)

    def _named(self, apart: frozenset[str], nodes: Nodes) -> Named:
        named = []
        for event in self.events:
            usable = event.identifiers
            if apart and not apart.isdisjoint(usable):
                usable = [i for i in usable if i not in apart]
            if nodes:
                usable = [nodes.get((i, event.key), i) for i in usable]
            named.append((event, usable))
        return named

    def _contested(self, named: Named) -> frozenset[str]:
        several = self.rules.of_several
        if not several:
            return frozenset()
        firm = [(event, [i for i in usable if not i.startswith(several)]) for event, usable in named]
        groups, _ = self._joined(firm, frozenset())
        claims = Claims(groups, several)
        for event, usable in named:
            if event.type not in (LINK, UNLINK):
                claims.add(event, usable)
        return claims.contested()

    def _joined(self, named: Named, contested: frozenset[str]) -> tuple[Groups, list[Link]]:
        links: list[Link] = []
        doubtful: list[list[Link]] = []
        claims: list[Link] = []
        for event, usable in named:
            if contested and event.type != LINK:
                claims += _claims(event, usable, contested)
                usable = [i for i in usable if i not in contested]
            if len(usable) < 2:
                continue
            star = [Link(usable[0], other, event) for other in usable[1:]]
            if is_doubtful(usable, event, self.rules):
                doubtful.append(star)
            else:
                links += star
        groups = Groups(self.rules.unique, self.parted)
        if not doubtful and not self.parted and not self.is_disputed:
            return groups, [link for link in links if groups.unite(link)]
        for link in sorted(links, key=self._weakness):
            groups.unite(link)
        self._settle(doubtful, groups)
        for claim in sorted(claims, key=self._weakness):
            own = claim.b if claim.a in contested else claim.a
            if any(groups.unique_values(groups.root(own))):
                groups.unite(claim)
        accepted = [*links, *(link for star in doubtful for link in star), *claims]
        accepted = [link for link in accepted if groups.root(link.a) == groups.root(link.b)]
        accepted.sort(key=by_time)
        tree = Groups((), {})
        return groups, [link for link in accepted if tree.unite(link)]

    def _weakness(self, link: Link) -> tuple[bool, int]:
        types = self.rules.types
        return link.event.type != LINK, max(strength(link.a, types)[0], strength(link.b, types)[0])

    @staticmethod
    def _settle(doubtful: list[list[Link]], groups: Groups) -> None:
        """Take up events in doubt whose journeys turn out to be one customer's, until there is none left."""
        waiting = doubtful
        while waiting:
            rest = []
            for star in waiting:
                of_journeys = [link for link in star if type_of(link.a) == type_of(link.b)]
                if all(groups.root(link.a) == groups.root(link.b) for link in of_journeys):
                    for link in star:
                        groups.unite(link)
                else:
                    rest.append(star)
            if len(rest) == len(waiting):
                return
            waiting = rest


def is_doubtful(usable: Sequence[str], event: Event, rules: IdentityRules) -> bool:
    """Whether an event names, first of what links, several of one journey's type: that does not make them one's."""
    strongest = usable[0]
    return (
        strongest.startswith(rules.journeys)
        and usable[1].startswith(strongest[: strongest.index(":") + 1])
        and event.type != LINK
    )


def _claims(event: Event, usable: list[str], contested: frozenset[str]) -> list[Link]:
    """The links of what is contested to the strongest of what else the event names."""
    own = next((i for i in usable if i not in contested), None)
    if own is None:
        return []
    pairs = (sorted((own, node), key=usable.index) for node in usable if node in contested)
    return [Link(stronger, weaker, event) for stronger, weaker in pairs]
