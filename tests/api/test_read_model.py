"""The contract of the read model, on SQLite and on PostgreSQL alike."""

from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, event, select

from api.store.acknowledgements import Acknowledgement
from api.store.errors import InvalidCursor, StalePosition, StoreDamaged, StoreUnavailable, UnusableDocument
from api.store.read_model import ReadModel
from api.store.searches import AlertSearch, JourneySearch
from api.store.tables import PROJECTED, metadata
from journeys.instants import parse_instant
from tests.support import documents
from tests.support.documents import encoded, handoff

JOURNEYS, CUSTOMERS, ALERTS = "baton.journeys", "baton.customers", "baton.alerts"


def ids(model: ReadModel, **search: Any) -> list[str]:
    return [found["id"] for found in model.reader.journeys(JourneySearch(**search), 100).items]


def write(model: ReadModel, *journeys: documents.Document) -> None:
    start = model.writer.positions().get((JOURNEYS, 0), 0)
    records = [(start + nth, journey["id"], encoded(journey)) for nth, journey in enumerate(journeys)]
    model.writer.apply(JOURNEYS, 0, records)


def rows(url: str) -> dict[str, list[str]]:
    """What every table of journeys holds."""
    with create_engine(url).connect() as connection:
        held = {table.name: connection.execute(select(table)).all() for table in PROJECTED}
    return {name: sorted(map(repr, found)) for name, found in held.items() if name != "positions"}


def test_documents_are_given_back_byte_for_byte_in_the_order_of_their_ids(read_model: ReadModel) -> None:
    raw = {
        key: encoded(documents.journey(key, type="größe")) + b" " for key in ("b", "C", "a-1", "a1", "Ä", "B")
    }
    read_model.writer.apply(
        JOURNEYS, 0, [(nth, key, document) for nth, (key, document) in enumerate(raw.items())]
    )
    assert list(read_model.reader.documents("journeys")) == [
        raw[key] for key in ("B", "C", "a-1", "a1", "b", "Ä")
    ]
    assert list(read_model.reader.documents("alerts")) == []


def test_the_last_record_of_a_key_wins_and_a_tombstone_deletes(read_model: ReadModel) -> None:
    first, second = documents.journey(status="open"), documents.journey(status="completed")
    read_model.writer.apply(JOURNEYS, 0, [(0, "j1", encoded(first)), (1, "j1", encoded(second))])
    assert read_model.reader.journey("j1") == second
    read_model.writer.apply(JOURNEYS, 0, [(2, "j1", None)])
    assert read_model.reader.journey("j1") is None
    assert ids(read_model, identifiers=[(None, "A1")]) == []
    assert read_model.reader.handoffs() == []


def test_a_journey_told_anew_leaves_nothing_of_what_it_was(
    read_model: ReadModel, read_model_url: str
) -> None:
    was, other = documents.journey(broken=["late"]), documents.journey("j2", broken=["late", "missing"])
    now = documents.journey(
        status="completed", broken=["missing"], identifiers={"order": ["A1"], "email": ["ben@example.com"]}
    )
    now["handoffs"] = now["handoffs"][:1]
    write(read_model, now, other)
    expected = rows(read_model_url)
    write(read_model, was, other)
    assert rows(read_model_url) != expected
    write(read_model, now, other)
    assert rows(read_model_url) == expected


def test_what_a_journey_told_anew_is_still_found_by_is_not_written_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/read-model.sqlite"
    read_model = ReadModel(url)
    read_model.migrate()
    write(read_model, documents.journey(status="open"))
    with create_engine(url).begin() as connection:
        for change in ("INSERT", "DELETE", "UPDATE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER no_{change} BEFORE {change} ON journey_identifiers "
                f"BEGIN SELECT RAISE(ABORT, '{change}'); END"
            )
    write(read_model, documents.journey(status="completed"))
    assert ids(read_model, identifiers=[("order", "A1")], status="completed") == ["j1"]
    read_model.close()


def test_records_below_the_position_are_skipped_and_gaps_above_it_accepted(read_model: ReadModel) -> None:
    read_model.writer.apply(JOURNEYS, 0, [(5, "j1", encoded(documents.journey(status="completed")))])
    read_model.writer.apply(JOURNEYS, 0, [(4, "j1", encoded(documents.journey(status="open")))])
    read_model.writer.apply(JOURNEYS, 0, [])
    assert read_model.reader.journey("j1") == documents.journey(status="completed")
    read_model.writer.apply(JOURNEYS, 0, [(5, "j1", None), (90, "j2", encoded(documents.journey("j2")))])
    assert read_model.reader.journey("j1") is not None
    assert read_model.writer.positions() == {(JOURNEYS, 0): 91}


def test_a_document_that_lacks_what_is_searched_names_its_place_and_changes_nothing(
    read_model: ReadModel,
) -> None:
    broken = documents.journey("j2")
    del broken["started_at"]
    with pytest.raises(UnusableDocument, match=r"baton.journeys/3 offset 8, key j2.*started_at"):
        read_model.writer.apply(
            JOURNEYS, 3, [(7, "j1", encoded(documents.journey())), (8, "j2", encoded(broken))]
        )
    assert read_model.writer.positions() == {}
    assert ids(read_model) == []


def test_documents_that_the_database_refuses_are_named_and_the_others_are_written(
    read_model: ReadModel,
) -> None:
    impossible = {
        "far": documents.journey("far", started_at="9999-12-31T23:59:59Z"),
        "odd": documents.journey("odd", type={"no": "text"}),
        "none": documents.journey("none", status=None),
    }
    records = [(nth, key, encoded(each)) for nth, (key, each) in enumerate(impossible.items(), 1)]
    records = [(0, "j1", encoded(documents.journey("j1"))), *records]
    with pytest.raises(UnusableDocument) as refused:
        read_model.writer.apply(JOURNEYS, 0, records)
    assert set(refused.value.problems) == {2, 3}
    assert read_model.writer.positions() == {}
    read_model.writer.apply(JOURNEYS, 0, records, refused=refused.value.problems)
    assert ids(read_model) == ["far", "j1"]
    assert read_model.writer.positions() == {(JOURNEYS, 0): 4}


def test_nul_is_kept_where_the_database_can_hold_it_and_refused_where_not(read_model_url: str) -> None:
    model = ReadModel(read_model_url)
    model.migrate()
    field = documents.journey("field", identifiers={"order": ["A\x001"]}, correlates="order:\x00")
    records = [(0, "field", encoded(field)), (1, "j\x001", encoded(documents.journey("j\x001")))]
    if read_model_url.startswith("sqlite"):
        model.writer.apply(JOURNEYS, 0, records)
    else:
        with pytest.raises(UnusableDocument, match=r"the database refuses it .*NUL") as refused:
            model.writer.apply(JOURNEYS, 0, records)
        assert set(refused.value.problems) == {1}
        model.writer.apply(JOURNEYS, 0, records, refused={1})
    assert model.reader.journey("field") == field
    model.close()


def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "read-model.sqlite"
    model = ReadModel(f"sqlite:///{path}")
    model.migrate()
    for n in range(40):
        model.writer.apply(JOURNEYS, n, [(0, f"j{n}", encoded(documents.journey(f"j{n}")))])
    model.close()
    sound = path.read_bytes()
    for damaged in (b"no database" * 1000, sound[:4096] + b"\xff" * (len(sound) - 4096)):
        path.write_bytes(damaged)
        other = ReadModel(f"sqlite:///{path}")
        with pytest.raises(StoreDamaged, match=f"{path} is damaged.*delete it"):
            other.migrate()
            list(other.reader.documents("journeys"))
        assert "is damaged" in (other.away() or "")
        other.close()


def test_a_topic_of_no_known_documents_is_refused(read_model: ReadModel) -> None:
    with pytest.raises(ValueError, match=r"baton\.observations"):
        read_model.writer.apply("baton.observations", 0, [])


def test_of_two_writers_of_a_partition_each_offset_is_written_by_one(read_model: ReadModel) -> None:
    stale: list[StalePosition] = []

    def project() -> None:
        for start in range(0, 60, 3):
            records = [(n, f"j{n}", encoded(documents.journey(f"j{n}"))) for n in range(start, start + 3)]
            try:
                read_model.writer.apply(JOURNEYS, 0, records)
            except StalePosition as error:
                stale.append(error)

    writers = [Thread(target=project) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(ids(read_model)) == 60
    assert read_model.writer.positions() == {(JOURNEYS, 0): 60}
    assert all("position of baton.journeys/0" in str(error) for error in stale)


def test_what_people_say_is_on_disk_at_once_and_what_the_log_has_too_when_sqlite_likes(
    tmp_path: Path,
) -> None:
    model = ReadModel(f"sqlite:///{tmp_path}/read-model.sqlite")
    model.migrate()
    committed: list[int] = []

    def note(connection: Connection) -> None:
        committed.append(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    event.listen(Engine, "commit", note)
    try:
        write(model, documents.journey())
        model.acknowledgements.give("f1", Acknowledgement("ops", "looking", 1))
        write(model, documents.journey("j2"))
    finally:
        event.remove(Engine, "commit", note)
    model.close()
    normal, full = 1, 2
    assert committed == [normal, full, normal]


def test_an_unreachable_database_is_unavailable_and_says_so(tmp_path: Path, postgres_url: str) -> None:
    for url in (
        f"sqlite:///{tmp_path}/no/such/folder/r.sqlite",
        postgres_url.rpartition("/")[0] + "/no_such_database",
    ):
        model = ReadModel(url)
        with pytest.raises(StoreUnavailable, match=r"the read model's database is not available"):
            model.writer.apply(JOURNEYS, 0, [(0, "j1", None)])
        assert "not available" in (model.away() or "")
        model.close()


def test_migrations_make_the_tables_that_the_code_expects(read_model: ReadModel, read_model_url: str) -> None:
    engine = create_engine(read_model_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    read_model.migrate()
    assert read_model.away() is None


def test_a_schema_that_was_never_migrated_is_named(read_model_url: str) -> None:
    model = ReadModel(read_model_url)
    assert "migrate" in (model.away() or "")
    model.close()


def test_several_processes_may_migrate_at_once(read_model_url: str) -> None:
    models = [ReadModel(read_model_url) for _ in range(3)]
    threads = [Thread(target=model.migrate) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [model.away() for model in models] == [None, None, None]
    for model in models:
        model.close()


def test_journeys_are_found_by_a_typed_identifier_or_by_a_value_of_any_type(read_model: ReadModel) -> None:
    write(
        read_model,
        documents.journey("j1", identifiers={"order": ["A1"], "email": ["ann@example.com"]}),
        documents.journey("j2", identifiers={"order": ["B2"], "ticket": ["A1"]}),
        documents.journey("j3", identifiers={"device": ["aa:bb\x00:cc"], "order": []}),
    )
    assert ids(read_model, identifiers=[("order", "A1")]) == ["j1"]
    assert sorted(ids(read_model, identifiers=[(None, "A1")])) == ["j1", "j2"]
    assert sorted(ids(read_model, identifiers=[("order", "B2"), ("email", "ann@example.com")])) == [
        "j1",
        "j2",
    ]
    assert ids(read_model, identifiers=[("device", "aa:bb\x00:cc")]) == ["j3"]
    assert ids(read_model, identifiers=[(None, "A")]) == []


def test_journeys_are_found_by_type_status_kind_department_and_time(read_model: ReadModel) -> None:
    ten = parse_instant("2026-01-15T10:00:00Z")
    write(
        read_model,
        documents.journey("j1"),
        documents.journey("j2", type="return", status="completed", broken=[], handoffs=[]),
    )
    assert ids(read_model, type="return") == ["j2"]
    assert ids(read_model, status="open") == ["j1"]
    assert ids(read_model, broken="missing") == ["j1"]
    assert ids(read_model, broken="stuck") == []
    assert ids(read_model, department="logistics") == ["j1"]
    assert ids(read_model, department="call_center") == []
    assert ids(read_model, started_since=ten) == ["j2", "j1"]
    assert ids(read_model, started_until=ten) == []
    assert ids(read_model, started_since=ten + 1) == []
    assert ids(read_model, updated_since=parse_instant("2026-01-17T09:30:00Z")) == ["j2", "j1"]
    assert ids(read_model, updated_until=parse_instant("2026-01-17T09:30:00Z")) == []


def test_pages_follow_each_other_without_skipping_or_repeating_while_new_journeys_come(
    read_model: ReadModel,
) -> None:
    def started(key: str, minute: int) -> documents.Document:
        return documents.journey(key, started_at=f"2026-01-15T10:{minute:02}:00Z")

    write(read_model, *(started(f"j{n}", n // 3) for n in range(10)))
    seen: list[str] = []
    cursor: str | None = None
    for page in range(4):
        items, cursor = read_model.reader.journeys(JourneySearch(), 3, cursor)
        seen += [journey["id"] for journey in items]
        write(read_model, started(f"new{page}", 59))
    assert seen == [f"j{n}" for n in (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)]
    assert cursor is None


@pytest.mark.parametrize("cursor", ["", "x", "bm8", "WzEsMl0", "WyJhIiwiYiJd", "ü", "%%%"])
def test_a_made_up_cursor_is_refused(read_model: ReadModel, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        read_model.reader.journeys(JourneySearch(), 3, cursor)


def test_customers_are_found_by_id_and_by_identifier(read_model: ReadModel) -> None:
    ann = documents.customer()
    read_model.writer.apply(CUSTOMERS, 0, [(0, "c1", encoded(ann))])
    assert read_model.reader.customer("c1") == ann
    assert read_model.reader.customer("c2") is None
    assert read_model.reader.customers([("email", "ann@example.com"), (None, "A1")], 10) == [ann]
    assert read_model.reader.customers([("phone", "ann@example.com")], 10) == []


def test_alerts_are_found_by_each_of_their_properties_the_latest_first(read_model: ReadModel) -> None:
    alerts = [documents.alert("f1"), documents.late_shipping_alert("f2"), documents.stranger_alert("f3")]
    read_model.writer.apply(ALERTS, 0, [(n, a["fingerprint"], encoded(a)) for n, a in enumerate(alerts)])

    def found(**search: Any) -> list[str]:
        return [alert["fingerprint"] for alert in read_model.reader.alerts(AlertSearch(**search), 10).items]

    assert found() == ["f3", "f1", "f2"]
    assert found(status="open") == ["f3", "f1"]
    assert found(status="resolved") == ["f2"]
    assert found(kind="missing") == ["f1"]
    assert found(department="logistics") == ["f2"]
    assert found(severity="critical") == ["f1"]
    assert found(journey="j9") == []
    first, cursor = read_model.reader.alerts(AlertSearch(), 2)
    assert [alert["fingerprint"] for alert in first] == ["f3", "f1"]
    assert [alert["fingerprint"] for alert in read_model.reader.alerts(AlertSearch(), 2, cursor).items] == [
        "f2"
    ]
    assert sorted(read_model.reader.open_alerts()) == [
        ("missing", "activation", 1),
        ("unrecognised_caller", "call_center", 1),
    ]
    of_journey = read_model.reader.alerts_of(documents.journey(alerts=[]))
    assert [alert["fingerprint"] for alert in of_journey] == ["f2", "f1", "f3"]


def test_an_acknowledgement_is_kept_by_the_first_and_outlives_the_projection(read_model: ReadModel) -> None:
    read_model.writer.apply(ALERTS, 0, [(0, "f1", encoded(documents.alert("f1")))])
    bea = Acknowledgement("Bea", "calling activation", parse_instant("2026-01-17T10:00:00Z"))
    read_model.acknowledgements.give("f1", bea)
    read_model.acknowledgements.give("f1", bea._replace(by="Carl"))
    assert read_model.acknowledgements.of("f1") == bea
    read_model.writer.apply(ALERTS, 0, [(1, "f1", None), (2, "f1", encoded(documents.alert("f1")))])
    shown = read_model.reader.alert("f1")
    assert shown is not None
    assert (shown["status"], shown["acknowledgement"]["by"]) == ("acknowledged", "Bea")
    assert read_model.reader.alerts(AlertSearch(status="open"), 9).items == []
    assert read_model.reader.alerts(AlertSearch(status="acknowledged"), 9).items == [shown]
    read_model.acknowledgements.withdraw("f1")
    read_model.acknowledgements.withdraw("f1")
    assert read_model.reader.alert("f1") == documents.alert("f1") | {"acknowledgement": None}


def test_a_resolved_alert_stays_resolved_though_it_was_acknowledged(read_model: ReadModel) -> None:
    read_model.acknowledgements.give("f2", Acknowledgement("Bea", "", 0))
    read_model.writer.apply(ALERTS, 0, [(0, "f2", encoded(documents.late_shipping_alert("f2")))])
    assert [alert["status"] for alert in read_model.reader.alerts(AlertSearch(), 9).items] == ["resolved"]


def test_figures_of_handoffs_count_by_status_and_give_nearest_rank_percentiles(read_model: ReadModel) -> None:
    def shipped(key: str, seconds: float | None, status: str) -> documents.Document:
        shipping = handoff("shipping", "shop.order_paid", "logistics.parcel_shipped", status, seconds=seconds)
        return documents.journey(key, handoffs=[shipping])

    write(
        read_model,
        *(shipped(f"j{n}", float(n), "done") for n in range(1, 21)),
        shipped("j21", 400.5, "late"),
        shipped("j22", None, "missing"),
        documents.journey(
            "j23", type="return", handoffs=[handoff("pick_up", "shop.a", "logistics.b", "waiting")]
        ),
    )
    pick_up, shipping = sorted(read_model.reader.handoffs(), key=lambda figure: figure.handoff)
    assert (shipping.from_department, shipping.department, shipping.total) == ("shop", "logistics", 22)
    assert shipping.statuses == {"done": 20, "late": 1, "missing": 1}
    assert (shipping.p50_seconds, shipping.p95_seconds) == (11.0, 20.0)
    assert (pick_up.statuses, pick_up.p50_seconds, pick_up.p95_seconds) == ({"waiting": 1}, None, None)
    assert [figure.handoff for figure in read_model.reader.handoffs(journey_type="return")] == ["pick_up"]
    assert read_model.reader.handoffs(since=parse_instant("2026-01-15T10:00:01Z")) == []
