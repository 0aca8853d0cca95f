"""The first schema: documents, what they are searched by, positions and acknowledgements."""

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, String, Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = String().with_variant(String(collation="C"), "postgresql")


def upgrade() -> None:
    create_positions_and_acknowledgements()
    create_journeys()
    create_customers()
    create_alerts()


def create_positions_and_acknowledgements() -> None:
    op.create_table(
        "positions",
        Column("topic", ID, primary_key=True),
        Column("partition", Integer, primary_key=True, autoincrement=False),
        Column("next_offset", BigInteger, nullable=False),
    )
    op.create_table(
        "acknowledgements",
        Column("fingerprint", ID, primary_key=True),
        Column("by", Text, nullable=False),
        Column("note", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
    )


def create_journeys() -> None:
    op.create_table(
        "journeys",
        Column("id", ID, primary_key=True),
        Column("type", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("last_event_at", BigInteger, nullable=False),
        Column("document", LargeBinary, nullable=False),
    )
    op.create_index("journeys_newest", "journeys", ["started_at", "id"])
    op.create_table(
        "journey_identifiers",
        Column("value", ID, primary_key=True),
        Column("type", ID, primary_key=True),
        Column("journey", ID, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("journey_identifiers_of", "journey_identifiers", ["journey"])
    op.create_table(
        "journey_breaks",
        Column("kind", ID, primary_key=True),
        Column("journey", ID, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("journey_breaks_of", "journey_breaks", ["journey"])
    op.create_table(
        "handoffs",
        Column("journey", ID, primary_key=True),
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


def create_customers() -> None:
    op.create_table(
        "customers", Column("id", ID, primary_key=True), Column("document", LargeBinary, nullable=False)
    )
    op.create_table(
        "customer_identifiers",
        Column("value", ID, primary_key=True),
        Column("type", ID, primary_key=True),
        Column("customer", ID, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("customer_identifiers_of", "customer_identifiers", ["customer"])


def create_alerts() -> None:
    op.create_table(
        "alerts",
        Column("fingerprint", ID, primary_key=True),
        Column("journey", ID),
        Column("kind", Text, nullable=False),
        Column("department", Text, nullable=False),
        Column("severity", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("opened_at", BigInteger, nullable=False),
        Column("document", LargeBinary, nullable=False),
    )
    op.create_index("alerts_newest", "alerts", ["opened_at", "fingerprint"])
    op.create_index("alerts_by_status", "alerts", ["status", "opened_at"])
    op.create_index("alerts_of", "alerts", ["journey"])
