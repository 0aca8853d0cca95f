"""Outputs: what is to be announced of a neighbourhood, against what was announced of it before.

Never fold against fold: a document that was announced and is no longer borne out is taken back (a journey or
customer as a tombstone, an alert as withdrawn), even if the worker that announced it died before it wrote
down the events.
"""

import orjson

from journeys.alerts import WITHDRAWN, withdrawn
from journeys.documents import Document
from journeys.events import packed
from journeys.fold import Folded
from journeys.routing import Outcome
from stream.metrics import Metrics
from stream.state import ALERT, CUSTOMER, JOURNEY, PartitionState
from stream.topics import Topics
from stream.transports.log import Entry

Output = tuple[str, Entry]


class Outputs:
    """Compares folds with what was announced.

    Documents equal to the one last sent from here are not sent again.
    """

    def __init__(self, topics: Topics, metrics: Metrics) -> None:
        self._topics = {JOURNEY: topics.journeys, CUSTOMER: topics.customers, ALERT: topics.alerts}
        self._metrics = metrics

    def of(
        self, state: PartitionState, identifier: str, folded: Folded, judged_at: int | None, said: Outcome
    ) -> list[Output]:
        """The entries to send, by topic.

        `said` takes the announced rows, which must be durable before the entries go.
        """
        current: dict[str, Document] = {
            **{JOURNEY + document["id"]: document for document in folded.journeys},
            **{CUSTOMER + document["id"]: document for document in folded.customers},
            **{ALERT + document["fingerprint"]: document for document in folded.alerts},
        }
        announced = state.neighbourhoods.roots[identifier].announced
        outputs: list[Output] = []
        for name in [name for name in announced if name not in current]:
            outputs += self._take_back(state, identifier, name, announced[name], judged_at, said)
        for name, document in current.items():
            encoded = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
            kept = encoded if name.startswith(ALERT) else b"1"
            if announced.get(name) != kept:
                state.neighbourhoods.announce(identifier, name, packed(kept), said)
            if state.sent.get(name) != hash(encoded):
                state.sent[name] = hash(encoded)
                outputs.append(self._output(name, encoded))
                if name.startswith(ALERT):
                    self._metrics.alerts.labels(document["kind"], document["status"]).inc()
        return outputs

    def _take_back(
        self,
        state: PartitionState,
        identifier: str,
        name: str,
        document: bytes,
        judged_at: int | None,
        said: Outcome,
    ) -> list[Output]:
        state.neighbourhoods.announce(identifier, name, None, said)
        state.sent.pop(name, None)
        if not name.startswith(ALERT):
            return [self._output(name, None)]
        alert = withdrawn(orjson.loads(document), judged_at)
        self._metrics.alerts.labels(alert["kind"], WITHDRAWN).inc()
        return [self._output(name, orjson.dumps(alert, option=orjson.OPT_SORT_KEYS))]

    def _output(self, name: str, value: bytes | None) -> Output:
        return self._topics[name[:2]], Entry(name[2:].encode(), value)
