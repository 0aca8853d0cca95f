"""The official CloudEvents samples: each becomes an event or a dead letter with its reason; none vanishes."""

import json
from collections import defaultdict
from pathlib import Path

import httpx
import pytest

from tests.support import cloudevents_samples as samples
from tests.support.apis import CollectingLog
from tests.support.cloudevents_samples import Message
from tests.support.replaying import Document, Replayed, replay


def why_dead(event: Document) -> str | None:
    """The reason why this sample can be no event; None where it can."""
    if event.get("specversion") == "0.3":
        return "wrong_specversion"
    if not {"specversion", "id", "source", "type"} <= event.keys():
        return "missing_attribute"
    if event["type"] == "com.example.someevent.c":
        return "unknown_event_type"
    return None if "time" in event else "missing_time"


@pytest.fixture(scope="module")
def lines() -> list[Document]:
    return [*samples.documents().values(), *(message.structured() for message in every_message())]


@pytest.fixture(scope="module")
def replayed(lines: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return replay(lines, samples.MAP, tmp_path_factory.mktemp("cloudevents"))


@pytest.fixture
def read_model_url(tmp_path: Path) -> str:
    """One kind of read model will do: no event touches it."""
    return f"sqlite:///{tmp_path}/read-model.sqlite"


def every_message() -> list[Message]:
    return [*samples.http_messages(), *samples.kafka_messages()]


def test_every_scenario_message_is_read_as_the_scenario_says() -> None:
    messages = every_message()
    assert len(messages) == 7
    for message in messages:
        event = message.structured()
        assert {name: event[name] for name in message.attributes} == message.attributes, message.name
        assert event["data"] == message.data


def test_what_can_be_no_event_is_a_dead_letter_with_its_reason(
    replayed: Replayed, lines: list[Document]
) -> None:
    expected = {line: reason for line, event in enumerate(lines, start=1) if (reason := why_dead(event))}
    found = {line: letter["reason"] for line, letter in replayed.dead_letters_by_line().items()}
    assert {line: reason for line, reason in found.items() if reason != "id_reused"} == expected
    assert set(expected.values()) == {
        "wrong_specversion",
        "missing_attribute",
        "missing_time",
        "unknown_event_type",
    }


def test_every_other_sample_becomes_an_event_or_reuses_the_id_of_one(
    replayed: Replayed, lines: list[Document]
) -> None:
    folded = {(event["source"], event["id"]): (event["type"], event["at"]) for event in replayed.events()}
    dead = replayed.dead_letters_by_line()
    able = {line: event for line, event in enumerate(lines, start=1) if not why_dead(event)}
    assert {(event["source"], event["id"]) for event in able.values()} == set(folded)
    for line, event in able.items():
        if line not in dead:
            assert folded[event["source"], event["id"]] == (event["type"], event["time"])


def test_of_several_samples_with_one_id_the_first_is_the_event_and_the_others_are_dead_letters(
    replayed: Replayed, lines: list[Document]
) -> None:
    dead = replayed.dead_letters_by_line()
    rivals: dict[tuple[str, str], list[tuple[int, Document]]] = defaultdict(list)
    for line, event in enumerate(lines, start=1):
        if not why_dead(event):
            rivals[event["source"], event["id"]].append((line, event))
    for same_id in rivals.values():
        counted = [event for line, event in same_id if line not in dead]
        assert all(event == counted[0] for event in counted)
        assert counted[0] == same_id[0][1]
        assert all(event != counted[0] for line, event in same_id if line in dead)
        assert {dead[line]["reason"] for line, _ in same_id if line in dead} <= {"id_reused"}


def test_every_dead_letter_keeps_the_sample_as_it_came(replayed: Replayed) -> None:
    raw = (replayed.folder.parent / "events.jsonl").read_text().splitlines()
    for line, letter in replayed.dead_letters_by_line().items():
        assert letter["value"] == raw[line - 1]
        assert letter["detail"]


def test_it_accounts_for_every_sample(replayed: Replayed, lines: list[Document]) -> None:
    assert replayed.reconciles()
    assert replayed.summary["read"] == len(lines)
    assert replayed.summary["dead"] == len(replayed.dead_letters)
    assert replayed.summary["folded"] == len(replayed.events())


async def test_the_api_takes_every_http_message_as_the_event_that_its_scenario_describes(
    client: httpx.AsyncClient, log: CollectingLog
) -> None:
    for message in samples.http_messages():
        headers = {name: value for name, value in message.headers.items() if name != "content-length"}
        answer = await client.post("/v1/events", content=message.body, headers=headers)
        assert answer.status_code == 202, message.name
    taken = [json.loads(value) for ((_, _, value),) in log.appended]
    assert taken == [message.structured() for message in samples.http_messages()]


async def test_the_api_takes_every_document_or_says_why_not(
    client: httpx.AsyncClient, log: CollectingLog
) -> None:
    """A live event needs no time of its own, and one of an unknown type is the worker's to judge."""
    answers = {}
    for name, event in samples.documents().items():
        headers = {"content-type": samples.STRUCTURED}
        answer = await client.post("/v1/events", content=json.dumps(event), headers=headers)
        answers[name] = 202 if answer.status_code == 202 else answer.json()["reason"]
    for name, event in samples.documents().items():
        reason = why_dead(event)
        assert answers[name] == (reason if reason in ("wrong_specversion", "missing_attribute") else 202), (
            name
        )
    assert len(log.appended) == list(answers.values()).count(202)
