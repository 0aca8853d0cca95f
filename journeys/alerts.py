"""Alerts: what broke, for whom, since when, and the proof.

A fingerprint is made of events and names in the map only, never of where a neighbourhood happens to live: so
one problem is one alert, whatever order the events came in.
"""

from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from typing import Any

from journeys.conflicts import CONFLICT, FoundConflict
from journeys.contacts import BrokenContact
from journeys.documents import SCHEMA, Document, customer_id, link_entry, origin_of, when
from journeys.events import Event
from journeys.history import history_of
from journeys.identity import Customer, Link, by_type, strength, type_of
from journeys.journey import Journey, digest, identifiers_of
from journeys.journey_map import Handoff, JourneyMap
from journeys.judgement import LONG_AGO, OPEN, RESOLVED, STALLED, Broken, Watermarks
from journeys.memory import Forgetting
from journeys.sentences import sentence


class Announcer:
    """Makes alert documents under one journey map, at given watermarks; or recalls them."""

    def __init__(self, journey_map: JourneyMap, watermarks: Watermarks, memory: Forgetting) -> None:
        self._map = journey_map
        self._watermarks = watermarks
        self._memory = memory

    def of_handoff(self, journey: Journey, handoff: Handoff, broken: Broken) -> Document:
        return self._alert(
            digest(journey.id, handoff.name, broken.group, str(broken.occurrence)),
            journey.customer, journey, broken, handoff.severity,
            handoff=handoff, owner=handoff.owner, runbook=handoff.runbook,
        )  # fmt: skip

    def of_stall(self, journey: Journey, broken: Broken) -> Document:
        return self._alert(
            digest(journey.id, STALLED, broken.group, str(broken.occurrence)),
            journey.customer, journey, broken, journey.type.severity,
        )  # fmt: skip

    def of_contact(self, found: BrokenContact, customer: Customer) -> Document:
        return self._alert(
            digest(found.contact.identity, found.broken.group, str(found.broken.occurrence)),
            customer, found.journey, found.broken, found.rule.severity,
            owner=found.rule.owner, runbook=found.rule.runbook, occurred_at=found.contact.time,
        )  # fmt: skip

    def of_conflict(self, found: FoundConflict) -> Document:
        """The chains of both sides are its proof; the refused link is the one to doubt first."""
        conflict, holder = found.conflict, found.holder
        event = conflict.refused.event
        department = self._map.events[event.type].department if event.type in self._map.events else "baton"
        about = "" if conflict.unlinked else type_of(conflict.values[0])
        broken = Broken(
            CONFLICT, CONFLICT, 0, department, found.evidence[-1].time, tuple(found.evidence), about=about
        )
        alert = self._alert(digest(CONFLICT, *conflict.values), holder, None, broken, "warning")
        chain = {(link.a, link.b, link.event.key): link for side in found.sides for link in side.links}
        return alert | {
            "links": [link_entry(link) for link in chain.values()],
            "weakest_link": link_entry(conflict.refused),
            "conflict": found.entry(),
        }

    def _alert(
        self, fingerprint: str, customer: Customer, journey: Journey | None, broken: Broken, severity: str,
        handoff: Handoff | None = None, owner: str | None = None, runbook: str | None = None,
        occurred_at: int | None = None,
    ) -> Document:  # fmt: skip
        whose = self._memory.whose(customer)
        of_journey = (journey.id, journey.events) if journey else None
        alert = self._memory.recall(
            ("alert", fingerprint),
            (whose, of_journey, broken, severity, owner, runbook, occurred_at),
            partial(
                self._made,
                fingerprint, customer, journey, broken, severity, handoff, owner, runbook, occurred_at,
            ),
        )  # fmt: skip
        watermark = self._watermarks.get(broken.department, LONG_AGO)
        return {**alert, "judged_at": when(watermark) if watermark > LONG_AGO else None}

    def _made(
        self, fingerprint: str, customer: Customer, journey: Journey | None, broken: Broken, severity: str,
        handoff: Handoff | None, owner: str | None, runbook: str | None, occurred_at: int | None,
    ) -> Document:  # fmt: skip
        department = self._map.departments.get(broken.department)
        chain = _chain(customer, broken.evidence)
        return {
            "schema": SCHEMA,
            "fingerprint": fingerprint,
            "kind": broken.kind,
            "journey": journey.id if journey else None,
            "journey_type": journey.type.name if journey else None,
            "customer": customer_id(customer),
            "handoff": handoff.name if handoff else None,
            "department": broken.department,
            "severity": severity,
            "status": OPEN if broken.resolved_at is None else RESOLVED,
            "opened_at": when(broken.opened_at),
            "due_at": when(broken.due_at),
            "resolved_at": when(broken.resolved_at),
            "occurred_at": when(occurred_at),
            "late_by_seconds": None if broken.late_by is None else broken.late_by / 1e6,
            "owner": owner or (department.owner if department else ""),
            "runbook": runbook,
            "summary": sentence(broken, journey, handoff),
            "identifiers": by_type(identifiers_of(journey.events if journey else broken.evidence)),
            "evidence": [_evidence(event) for event in broken.evidence],
            "links": [link_entry(link) for link in chain],
            "weakest_link": self._weakest(chain),
            "conflict": None,
            "supersedes": [],
            "history": history_of(broken),
            "map_version": self._map.version,
            "judged_at": None,
        }

    def _weakest(self, chain: list[Link]) -> dict[str, Any] | None:
        def weakness(link: Link) -> int:
            return max(strength(end, self._map.identifiers)[0] for end in (link.a, link.b))

        return link_entry(max(chain, key=weakness)) if chain else None


def _evidence(event: Event) -> dict[str, Any]:
    topic, partition, offset = origin_of(event)
    return {
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "at": when(event.time),
        "topic": topic,
        "partition": partition,
        "offset": offset,
    }


def _chain(customer: Customer, evidence: Iterable[Event]) -> list[Link]:
    """The links that join each piece of evidence to the next, where they do not share an identifier
    already.
    """
    chain: dict[tuple[str, str], Link] = {}
    for one, other in pairwise(evidence):
        for link in customer.way(one, other):
            chain[link.a, link.b] = link
    return list(chain.values())
