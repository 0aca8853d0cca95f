"""Outputs: what is to be announced of a neighbourhood, against what was announced of it before.

Never fold against fold: a document that was announced and is no longer borne out is taken back (a journey or
customer as a tombstone, an alert as withdrawn), even if the worker that announced it died before it wrote
down the events.
"""

from collections.abc import Mapping

import orjson

from journeys import ledger
from journeys.actors import Root
from journeys.conflicts import CONFLICT
from journeys.documents import Document
from journeys.events import Event, packed
from journeys.folded import Folded
from journeys.history import withdrawn
from journeys.judgement import WITHDRAWN
from journeys.outcome import Outcome
from journeys.withdrawals import cause_of
from journeys.witnesses import RESTS_ON
from stream.memories import Sent
from stream.metrics import Metrics
from stream.state import ALERT, CUSTOMER, JOURNEY, SHARED, PartitionState
from stream.topics import Topics
from stream.transports.log import Entry

Output = tuple[str, Entry]


class Outputs:
    """Compares folds with what was announced.

    Documents equal to the one last sent from here are not sent again, nor alerts that were only judged again.
    """

    def __init__(self, topics: Topics, metrics: Metrics) -> None:
        self._topics = {JOURNEY: topics.journeys, CUSTOMER: topics.customers, ALERT: topics.alerts}
        self._ledger = topics.identity
        self._metrics = metrics

    def of(
        self, state: PartitionState, identifier: str, folded: Folded, judged_at: int | None, said: Outcome,
        last: dict[str, Sent] | None,
    ) -> list[Output]:  # fmt: skip
        """The entries to send, by topic.

        `said` takes the announced rows, which must be durable before the entries go. `last`: what is remembered of
        what was sent before, if that is worth it; what is sent now takes its place.
        """
        root = state.neighbourhoods.roots[identifier]
        announced, before = root.announced, root.sent
        shared, at = folded.shared | _found_shared(root), folded.latest or judged_at or 0
        current: dict[str, Document] = {
            **{JOURNEY + document["id"]: document for document in folded.journeys},
            **{CUSTOMER + document["id"]: document for document in folded.customers},
            **{ALERT + document["fingerprint"]: document for document in folded.alerts},
            **{SHARED + name: ledger.shared(name, ledger.BEGUN, at) for name in shared},
        }
        outputs = self._moves(announced, folded)
        for name in [name for name in announced if name not in current]:
            outputs += self._take_back(state, identifier, name, folded, judged_at, said)
        sent: dict[str, int] = {}
        remembered: dict[str, Sent] = {}
        for name, document in current.items():
            if last and _is_as_sent(name, document, folded, announced.get(name), before.get(name), last):
                sent[name] = before[name]
                remembered[name] = last[name]
                continue
            if name.startswith(ALERT) and name in announced:
                document = _as_announced(document, announced[name])
            encoded = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
            kept = _remembered(name, document, folded, last)
            is_new = name not in announced
            if announced.get(name) != kept:
                state.neighbourhoods.announce(identifier, name, packed(kept), said)
            if name.startswith(SHARED):
                outputs += [self._entry(document)] if is_new else []
            else:
                sent[name] = hash(encoded) >> 4  # an int of 60 bits takes the least memory
                if last is not None:
                    rests_on = folded.rests_on.get(name.removeprefix(ALERT), ())
                    remembered[name] = Sent(document, rests_on, kept, sent[name])
                if before.get(name) != sent[name]:
                    outputs.append(self._output(name, encoded))
                    if name.startswith(ALERT):
                        self._metrics.alerts.labels(document["kind"], document["status"]).inc()
            if is_new and _is_conflict(name, document):
                outputs.append(self._entry(ledger.conflict(document, ledger.BEGUN, folded.latest)))
        root.sent = {name: sent[name] for name in announced if name in sent}  # the same names in memory
        if last is not None:
            last.clear()
            last.update(remembered)
        return outputs

    def _moves(self, announced: Mapping[str, bytes], folded: Folded) -> list[Output]:
        """What the ledger says of customers that merged or split since they were announced."""
        before = {name[2:]: value for name, value in announced.items() if name.startswith(CUSTOMER)}
        return [self._entry(entry) for entry in ledger.moves(before, folded.customers, folded.latest)]

    def _take_back(
        self,
        state: PartitionState,
        identifier: str,
        name: str,
        folded: Folded,
        judged_at: int | None,
        said: Outcome,
    ) -> list[Output]:
        root = state.neighbourhoods.roots[identifier]
        document, at = root.announced[name], folded.latest
        state.neighbourhoods.announce(identifier, name, None, said)
        if name.startswith(SHARED):
            return [self._entry(ledger.shared(name[2:], ledger.OVER, at))]
        if not name.startswith(ALERT):
            return [self._output(name, None)]
        alert = withdrawn(orjson.loads(document), judged_at)
        alert.pop(RESTS_ON, None)
        self._metrics.alerts.labels(alert["kind"], WITHDRAWN).inc()
        cause = cause_of(alert, folded, map(Event.decode, root.events.values()))
        self._metrics.withdrawn.labels(alert["kind"], cause).inc()
        outputs = [self._output(name, orjson.dumps(alert, option=orjson.OPT_SORT_KEYS))]
        if _is_conflict(name, alert):
            outputs.append(self._entry(ledger.conflict(alert, ledger.OVER, at)))
        return outputs

    def _entry(self, entry: Document) -> Output:
        """An entry of the ledger, keyed by what it is about."""
        value = orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)
        return self._ledger, Entry(entry["subject"].encode(), value)

    def _output(self, name: str, value: bytes | None) -> Output:
        return self._topics[name[:2]], Entry(name[2:].encode(), value)


def _found_shared(root: Root) -> set[str]:
    """What was found to be shared here, though the events that showed it may have left."""
    counted = root.meetings.shared if root.meetings else set()
    return counted | {mark for mark in root.marks if SHARED + mark in root.announced}


def _as_announced(alert: Document, row: bytes) -> Document:
    """As it was announced, if it was only judged again since, on other watermarks."""
    before = orjson.loads(row)
    before.pop(RESTS_ON, None)
    again = {**alert, "judged_at": before["judged_at"]}
    return again if again == before else alert


def _is_as_sent(
    name: str, document: Document, folded: Folded, row: bytes | None, hashed: int | None,
    last: Mapping[str, Sent],
) -> bool:  # fmt: skip
    """Whether a document is what it was when it was last sent, or looked at whether to be sent.

    Then neither the row nor what was sent of it has changed: an alert that was only judged again is as announced.
    """
    sent = last.get(name)
    if sent is None or sent.row != row or sent.hash != hashed:
        return False
    if not name.startswith(ALERT):
        return sent.document is document
    return (
        sent.rests_on == folded.rests_on.get(document["fingerprint"], ())
        and {**sent.document, "judged_at": document["judged_at"]} == document
    )


def _remembered(name: str, document: Document, folded: Folded, last: Mapping[str, Sent] | None) -> bytes:
    """What is kept of an announced document: an alert whole, for it may be withdrawn, and with what it rests on; of a
    customer, who it was.
    """
    if name.startswith(ALERT):
        rests_on = folded.rests_on.get(document["fingerprint"], ())
        return orjson.dumps({**document, RESTS_ON: rests_on}, option=orjson.OPT_SORT_KEYS)
    if not name.startswith(CUSTOMER):
        return b"1"
    sent = last.get(name) if last else None
    if sent and sent.document["identifiers"] == document["identifiers"]:
        return sent.row
    return ledger.marks(document)


def _is_conflict(name: str, document: Document) -> bool:
    return name.startswith(ALERT) and document["kind"] == CONFLICT
