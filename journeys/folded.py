"""What a neighbourhood comes to."""

from collections.abc import Collection
from dataclasses import dataclass, field

from journeys.documents import Document
from journeys.events import Event
from journeys.judgement import RestsOn, Watermarks
from journeys.witnesses import missing_of


@dataclass(slots=True)
class Folded:
    """Customers, journeys and alerts, as documents.

    `due` is department → the earliest instant at which its watermark may change it; `shared` the identifiers that
    its events show to be over their limit; `latest` the time of its latest event; `capped` the events that came so
    often that not all of their duplicates are counted. `rests_on`: fingerprint → the watermarks that an alert needs
    to have passed. `settling`: where not all of the neighbourhood may have met yet, the alerts told of it already: no
    other comes that rests on watermarks.
    """

    customers: list[Document] = field(default_factory=list)
    journeys: list[Document] = field(default_factory=list)
    alerts: list[Document] = field(default_factory=list)
    refused: list[Event] = field(default_factory=list)
    due: dict[str, int] = field(default_factory=dict)
    rests_on: dict[str, RestsOn] = field(default_factory=dict)
    settling: Collection[str] | None = None
    shared: frozenset[str] = frozenset()
    latest: int = 0
    folded: int = 0
    duplicates: int = 0
    capped: int = 0
    after_as_of: int = 0
    identifiers_dropped: int = 0

    def wait(self, department: str, instant: int) -> None:
        self.due[department] = min(instant, self.due.get(department, instant))

    def may_tell(self, rests_on: RestsOn, watermarks: Watermarks) -> bool:
        """Whether nothing that is still to be read can undo what rests on that; else that is waited for."""
        lacking = missing_of(rests_on, watermarks)
        if lacking:
            self.wait(*lacking)
        return lacking is None

    def tell(self, alert: Document, rests_on: RestsOn, alerts: list[Document]) -> None:
        """Add to `alerts` what may be told."""
        if rests_on and self.settling is not None and alert["fingerprint"] not in self.settling:
            self.wait(*rests_on[0])
            return
        self.rests_on[alert["fingerprint"]] = rests_on
        alerts.append(alert)
