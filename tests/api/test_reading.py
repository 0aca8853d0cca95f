"""Asking the API: journeys, customers, alerts, handoffs, health."""

from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from api.app import create_app
from api.routes.alerts import Alert
from api.routes.customers import Customer
from api.routes.journeys import Journey, JourneySummary
from api.store.read_model import ReadModel
from tests.support import documents
from tests.support.apis import MAP, CollectingLog, fall_silent, show_ann
from tests.support.documents import encoded


async def get(client: AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_journey_is_shown_with_its_events_and_its_alerts(
    client: AsyncClient, read_model: ReadModel
) -> None:
    show_ann(read_model)
    shown = await get(client, "/v1/journeys/j1")
    assert [alert["kind"] for alert in shown.pop("alerts")] == ["late", "missing", "unrecognised_caller"]
    assert shown == {key: value for key, value in documents.journey().items() if key != "alerts"}


@pytest.mark.parametrize(
    "typed",
    ["A1", " order:A1 ", "Ann@Example.com", "0151 12345678", "+49 151 / 12345678", "phone:0151-12345678"],
)
async def test_a_journey_is_found_however_the_identifier_is_typed(
    client: AsyncClient, read_model: ReadModel, typed: str
) -> None:
    show_ann(read_model)
    assert [found["id"] for found in (await get(client, "/v1/journeys", identifier=typed))["journeys"]] == [
        "j1"
    ]
    assert [found["id"] for found in (await get(client, "/v1/customers", identifier=typed))["customers"]] == [
        "c1"
    ]


@pytest.mark.parametrize("typed", ["", "A", "email:A1", "nobody@example.com", "order:"])
async def test_what_nobody_bears_finds_nothing(
    client: AsyncClient, read_model: ReadModel, typed: str
) -> None:
    show_ann(read_model)
    assert await get(client, "/v1/journeys", identifier=typed) == {"journeys": [], "next": None}
    assert await get(client, "/v1/customers", identifier=typed) == {"customers": []}


async def test_journeys_come_in_pages(client: AsyncClient, read_model: ReadModel) -> None:
    records = [(n, f"j{n}", encoded(documents.journey(f"j{n}"))) for n in range(5)]
    read_model.writer.apply("baton.journeys", 0, records)
    first = await get(client, "/v1/journeys", limit=3, started_since="2026-01-15T10:00:00Z")
    rest = await get(client, "/v1/journeys", limit=3, cursor=first["next"])
    assert [journey["id"] for journey in first["journeys"] + rest["journeys"]] == [
        "j4",
        "j3",
        "j2",
        "j1",
        "j0",
    ]
    assert rest["next"] is None


async def test_documents_fit_the_described_models(client: AsyncClient, read_model: ReadModel) -> None:
    show_ann(read_model)
    Journey.model_validate(await get(client, "/v1/journeys/j1"))
    JourneySummary.model_validate((await get(client, "/v1/journeys"))["journeys"][0])
    Customer.model_validate(await get(client, "/v1/customers/c1"))
    for alert in (await get(client, "/v1/alerts"))["alerts"]:
        Alert.model_validate(alert)


async def test_alerts_are_filtered(client: AsyncClient, read_model: ReadModel) -> None:
    show_ann(read_model)

    async def found(**parameters: str) -> list[str]:
        return [alert["fingerprint"] for alert in (await get(client, "/v1/alerts", **parameters))["alerts"]]

    assert await found(status="open") == ["f3", "f1"]
    assert await found(kind="late") == ["f2"]
    assert await found(department="activation", severity="critical", journey="j1") == ["f1"]
    assert (await get(client, "/v1/alerts/f1"))["summary"].startswith("The SIM of order A1")


async def test_acknowledging_is_idempotent_and_can_be_taken_back(
    client: AsyncClient, read_model: ReadModel
) -> None:
    show_ann(read_model)
    first = await client.post("/v1/alerts/f1/ack", json={"by": " Bea ", "note": "calling activation"})
    again = await client.post("/v1/alerts/f1/ack", json={"by": "Carl"})
    assert first.json()["status"] == "acknowledged"
    assert first.json()["acknowledgement"].items() >= {"by": "Bea", "note": "calling activation"}.items()
    assert again.json() == first.json()
    for _ in range(2):
        back = await client.delete("/v1/alerts/f1/ack")
        assert (back.status_code, back.json()["status"]) == (200, "open")


async def test_only_an_open_alert_can_be_acknowledged(client: AsyncClient, read_model: ReadModel) -> None:
    show_ann(read_model)
    answer = await client.post("/v1/alerts/f2/ack", json={"by": "Bea"})
    assert (answer.status_code, answer.json()["detail"][:22]) == (409, "the alert is resolved;")
    assert (await get(client, "/v1/alerts/f2"))["acknowledgement"] is None


async def test_handoffs_show_how_departments_are_doing(client: AsyncClient, read_model: ReadModel) -> None:
    show_ann(read_model)
    activation, payment, shipping = (await get(client, "/v1/handoffs"))["handoffs"]
    assert (activation["statuses"], activation["p50_seconds"]) == ({"missing": 1}, None)
    assert (payment["from_department"], payment["department"], payment["p95_seconds"]) == (
        "shop",
        "shop",
        130.0,
    )
    assert shipping["total"] == 1
    assert await get(client, "/v1/handoffs", since="2026-01-17T00:00:00Z") == {"handoffs": []}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/v1/journeys/none", 404),
        ("GET", "/v1/customers/none", 404),
        ("GET", "/v1/alerts/none", 404),
        ("POST", "/v1/alerts/none/ack", 404),
        ("DELETE", "/v1/alerts/none/ack", 404),
        ("GET", "/pages/__init__.py", 404),
        ("GET", "/pages/..%2Fapp.py", 404),
        ("PUT", "/v1/journeys", 405),
        ("GET", "/v1/journeys?limit=0", 422),
        ("GET", "/v1/journeys?started_since=yesterday", 422),
        ("GET", "/v1/alerts?status=closed", 422),
        ("GET", "/v1/customers", 422),
        ("GET", "/v1/alerts?cursor=abc", 400),
        ("GET", "/v1/journeys/%00", 400),
        ("GET", "/v1/journeys?identifier=%00", 400),
    ],
)
async def test_every_error_is_a_problem(client: AsyncClient, method: str, path: str, status: int) -> None:
    answer = await client.request(method, path, json={"by": "Bea"} if method == "POST" else None)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert len(answer.json()["detail"]) > 10


@pytest.mark.parametrize("by", ["", "  ", "x" * 201, "a\x00b"])
async def test_an_acknowledgement_needs_a_name(client: AsyncClient, by: str) -> None:
    assert (await client.post("/v1/alerts/f1/ack", json={"by": by})).status_code == 422


async def test_metrics_count_requests_by_route_and_open_alerts(
    client: AsyncClient, read_model: ReadModel
) -> None:
    show_ann(read_model)
    await client.get("/v1/journeys/j1")
    await client.get("/v1/journeys/j2")
    text = (await client.get("/metrics")).text
    assert 'baton_api_requests_total{route="/v1/journeys/{id}",status="404"} 1.0' in text
    assert 'baton_api_open_alerts{department="activation",kind="missing"} 1.0' in text
    assert "baton_api_read_model_up 1.0" in text


async def test_it_is_ready_only_while_the_log_and_the_read_model_answer(
    client: AsyncClient, log: CollectingLog, tmp_path: Path
) -> None:
    assert await get(client, "/healthz") == {"status": "ok"}
    assert await get(client, "/readyz") == {"status": "ready"}
    log.away = True
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the log does not answer")


async def test_a_silent_department_is_shown_with_the_verdicts_that_are_withheld(
    client: AsyncClient, read_model: ReadModel
) -> None:
    fall_silent(read_model)
    shown = {d["department"]: d for d in (await get(client, "/v1/departments"))["departments"]}
    assert list(shown) == list(MAP.departments)
    assert shown.pop("activation") == {
        "department": "activation",
        "owner": MAP.departments["activation"].owner,
        "silent_since": "2026-01-16T12:00:00Z",
        "withheld": 2,
    }
    assert {(d["silent_since"], d["withheld"]) for d in shown.values()} == {(None, 0)}
    metrics = (await client.get("/metrics")).text
    assert 'baton_api_withheld_verdicts{department="activation"} 2.0' in metrics


async def test_without_its_database_it_says_so_and_asks_to_try_again(
    log: CollectingLog, tmp_path: Path
) -> None:
    app = create_app(ReadModel(f"sqlite:///{tmp_path}/no/such/folder.sqlite"), log, MAP)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://baton") as client:
        answer = await client.get("/v1/journeys")
        assert (answer.status_code, answer.json()["reason"]) == (503, "store_unavailable")
        assert "retry-after" in answer.headers
        assert "baton_api_read_model_up 0.0" in (await client.get("/metrics")).text
        assert "database is not available" in (await client.get("/readyz")).json()["detail"]
        assert (await client.get("/healthz")).status_code == 200


async def test_nothing_is_loaded_from_elsewhere(client: AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert (await client.get("/docs")).status_code == 404


async def test_openapi_describes_answers_and_problems(client: AsyncClient) -> None:
    described = await get(client, "/openapi.json")
    journey = described["paths"]["/v1/journeys/{id}"]["get"]["responses"]
    assert journey["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Journey"}
    assert "application/problem+json" in journey["default"]["content"]
