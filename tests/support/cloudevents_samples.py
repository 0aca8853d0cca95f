"""The official CloudEvents samples as structured JSON: YAML documents and scenarios of the bindings."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.gherkin import Scenario, scenarios
from tests.support.shared import data

MAP = Path(__file__).parent / "maps" / "cloudevents_samples.yaml"
STRUCTURED = "application/cloudevents+json"


@dataclass(frozen=True)
class Message:
    """A message of a binding: its headers by lower-case name, and its body."""

    name: str
    headers: dict[str, str]
    body: str
    attributes: dict[str, str]  # what the scenario says they are
    data: Any  # likewise

    def structured(self) -> dict[str, Any]:
        """The event in it; of binary mode, the attributes come from the headers `ce-…` or `ce_…`."""
        if self.headers["content-type"].startswith(STRUCTURED):
            return dict(json.loads(self.body))
        attributes = {name[3:]: value for name, value in self.headers.items() if name[:3] in ("ce-", "ce_")}
        content_type = self.headers["content-type"]
        return {**attributes, "datacontenttype": content_type, "data": json.loads(self.body)}


def documents() -> dict[str, dict[str, Any]]:
    """`file#number` → the event of each YAML document, as it would be in JSON; what it lacks stays absent."""
    folder = data("cloudevents_samples")
    return {
        f"{path.relative_to(folder)}#{number}": _structured(document)
        for path in sorted(folder.rglob("*.yaml"))
        # Every scalar is text in an event's context: 1.0 is no number, and a time is no date.
        for number, document in enumerate(yaml.load_all(path.read_text(), yaml.BaseLoader), start=1)
    }


def http_messages() -> list[Message]:
    return [_http_message(scenario) for scenario in _feature("http")]


def kafka_messages() -> list[Message]:
    return [_kafka_message(scenario) for scenario in _feature("kafka")]


def _structured(document: dict[str, Any]) -> dict[str, Any]:
    event = dict(document["ContextAttributes"])
    event |= event.pop("Extensions", {})
    if "Data" in document:
        is_json = "json" in event.get("datacontenttype", "application/json")
        event["data"] = json.loads(document["Data"]) if is_json else document["Data"]
    return event


def _feature(binding: str) -> list[Scenario]:
    return scenarios(
        (data("cloudevents_samples") / "features" / f"{binding}-protocol-binding.feature").read_text()
    )


def _http_message(scenario: Scenario) -> Message:
    head, _, body = scenario.step("Given an HTTP request").doc_string.partition("\n\n")
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    return _message(scenario, headers, body)


def _kafka_message(scenario: Scenario) -> Message:
    body = scenario.step("Given a Kafka message").doc_string
    headers = scenario.step("And Kafka headers").pairs
    return _message(scenario, headers, body)


def _message(scenario: Scenario, headers: dict[str, str], body: str) -> Message:
    attributes = scenario.step("Then the attributes are").pairs
    expected = json.loads(scenario.step("And the data is equal to").doc_string)
    return Message(
        scenario.name, {name.lower(): value for name, value in headers.items()}, body, attributes, expected
    )
