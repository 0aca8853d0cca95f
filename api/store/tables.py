"""The read model's tables: instants in microseconds since 1970 UTC, documents as they were published."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

# Ids sort by their bytes, on every database alike.
Id = String().with_variant(String(collation="C"), "postgresql")

positions = Table(
    "positions",
    metadata,
    Column("topic", Id, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
)

journeys = Table(
    "journeys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("last_event_at", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("journeys_newest", "started_at", "id"),
)

journey_identifiers = Table(
    "journey_identifiers",
    metadata,
    Column("value", Id, primary_key=True),
    Column("type", Id, primary_key=True),
    Column("journey", Id, primary_key=True),
    Index("journey_identifiers_of", "journey"),
    sqlite_with_rowid=False,
)

journey_breaks = Table(
    "journey_breaks",
    metadata,
    Column("kind", Id, primary_key=True),
    Column("journey", Id, primary_key=True),
    Index("journey_breaks_of", "journey"),
    sqlite_with_rowid=False,
)

handoffs = Table(
    "handoffs",
    metadata,
    Column("journey", Id, primary_key=True),
    Column("nth", Integer, primary_key=True, autoincrement=False),
    Column("journey_type", Text, nullable=False),
    Column("handoff", Text, nullable=False),
    Column("from_department", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("from_at", BigInteger),
    Column("to_at", BigInteger),
    Column("due_at", BigInteger),
    Column("seconds", Float(53)),
    sqlite_with_rowid=False,
)

customers = Table(
    "customers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

customer_identifiers = Table(
    "customer_identifiers",
    metadata,
    Column("value", Id, primary_key=True),
    Column("type", Id, primary_key=True),
    Column("customer", Id, primary_key=True),
    Index("customer_identifiers_of", "customer"),
    sqlite_with_rowid=False,
)

alerts = Table(
    "alerts",
    metadata,
    Column("fingerprint", Id, primary_key=True),
    Column("journey", Id),
    Column("kind", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("alerts_newest", "opened_at", "fingerprint"),
    Index("alerts_by_status", "status", "opened_at"),
    Index("alerts_of", "journey"),
)

# Written by people through the API; the projection never touches it.
acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("fingerprint", Id, primary_key=True),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

PROJECTED = [table for table in metadata.sorted_tables if table is not acknowledgements]
"""What is made from the log, and can be made again."""
