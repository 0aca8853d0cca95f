"""The identity ledger: who became whom, as CloudEvents that downstream systems can follow.

An entry says how the customers of a neighbourhood differ from those that were announced of it before: two became
one (merged), one became two (split). And it says when an identifier began to be shared, or two unique identifiers
to claim one customer, and when that was over. A customer who is named by a stronger identifier from now on was
merged into it. Ids are made of what changed and by which event: an entry told twice is the same entry.
"""

from collections.abc import Mapping, Sequence
from zlib import crc32

from journeys.documents import Document, when
from journeys.explanation import names_of
from journeys.journey import digest

SOURCE = "/baton/identity"
MERGED, SPLIT, SHARED, CONFLICT = (
    f"baton.identity.{change}" for change in ("merged", "split", "shared", "conflict")
)
BEGUN, OVER = "begun", "over"
_WIDTH = 8


def marks(customer: Mapping[str, object]) -> bytes:
    """What is remembered of a customer's identifiers: eight hex digits of each, enough to know them again."""
    names = names_of(customer)
    return "".join(sorted(f"{crc32(name.encode()):0{_WIDTH}x}" for name in names)).encode()


def moves(before: Mapping[str, bytes], customers: Sequence[Document], at: int) -> list[Document]:
    """Entries for the customers that merged or split since `before` (id → marks) was announced.

    `at`: the time of the neighbourhood's latest event, µs.
    """
    now = {customer["id"]: customer for customer in customers}
    if before.keys() <= now.keys() and (not before or len(before) == len(now)):
        return []
    found = {id: _parts(marks(customer)) for id, customer in now.items()}
    entries: list[Document] = []
    for id in sorted(before):
        old = _parts(before[id])
        heirs = sorted((-len(old & new), other) for other, new in found.items() if old & new)
        if not heirs:
            continue
        heir = id if id in now else heirs[0][1]
        if heir != id:
            entries.append(_merged(id, now[heir], old, at))
        entries += [
            _split(heir, now[other], at) for _, other in heirs if other != heir and other not in before
        ]
    return entries


def shared(identifier: str, status: str, at: int) -> Document:
    """The identifier began to be shared, so that it links nobody from now on; or no longer is."""
    return _entry(SHARED, identifier, at, {"identifier": identifier, "status": status})


def conflict(alert: Document, status: str, at: int) -> Document:
    """Two unique identifiers began to claim one customer, as the alert proves; or no longer do."""
    data = {"alert": alert["fingerprint"], "summary": alert["summary"], "status": status}
    return _entry(CONFLICT, alert["customer"], at, data)


def _merged(gone: str, heir: Document, old: frozenset[str], at: int) -> Document:
    """By the earliest link between what was the one's and what was not."""
    links = [link for link in heir["links"] if (_mark(link["a"]) in old) != (_mark(link["b"]) in old)]
    link = min(links, key=lambda link: (link["at"], link["id"]), default=None)
    data = {"customer": heir["id"], "merged": gone, "identifiers": heir["identifiers"], "link": link}
    return _entry(MERGED, heir["id"], at, data)


def _split(kept: str, part: Document, at: int) -> Document:
    data = {"customer": kept, "split": part["id"], "identifiers": part["identifiers"]}
    return _entry(SPLIT, kept, at, data)


def _entry(type: str, subject: str, at: int, data: Document) -> Document:
    what = [str(data.get(name, "")) for name in ("merged", "split", "alert", "status")]
    link = data.get("link")
    cause = f"{link['source']} {link['id']}" if link else str(at)
    return {
        "specversion": "1.0",
        "id": digest(type, subject, *what, cause),
        "source": SOURCE,
        "type": type,
        "subject": subject,
        "time": when(at),
        "datacontenttype": "application/json",
        "data": data,
    }


def _mark(identifier: str) -> str:
    return f"{crc32(identifier.encode()):0{_WIDTH}x}"


def _parts(marked: bytes) -> frozenset[str]:
    text = marked.decode()
    return frozenset(text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH))
