"""What results look like is written down, and what is written down is what results look like."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from deploy.cli import main
from journeys.schemas import RESULTS, Kind, json_schema
from journeys.sentences import _SENTENCES
from journeys.silence import SILENT

ROOT = Path(__file__).parents[2]
DOCUMENTED = (ROOT / "deploy" / "RESULTS.md").read_text()


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the demo's day."""
    folder = tmp_path_factory.mktemp("day")
    done = CliRunner().invoke(main, ["demo", "--once", "--data", str(folder)])
    assert done.exit_code == 0, done.output
    return folder


def documents(folder: Path, result: str) -> list[Any]:
    if result == "summary":
        return [json.loads((folder / "summary.json").read_bytes())]
    return [json.loads(line) for line in (folder / f"{result}.jsonl").read_bytes().splitlines()]


def objects(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every kind of object with named fields in a schema, by its name."""
    whole = {schema["title"]: schema, **schema.get("$defs", {})}
    return {name: part for name, part in whole.items() if "properties" in part}


@pytest.mark.parametrize("result", RESULTS)
def test_every_line_of_a_days_results_is_as_its_schema_says(result: str, day: Path) -> None:
    validator = Draft202012Validator(json_schema(result))
    found = documents(day, result)
    assert found
    assert [error.message for document in found for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize("result", RESULTS)
def test_no_schema_lets_an_unknown_field_pass(result: str) -> None:
    assert all(part["additionalProperties"] is False for part in objects(json_schema(result)).values())


@pytest.mark.parametrize("result", ["journeys", "customers", "alerts", "summary"])
def test_every_field_is_always_there(result: str) -> None:
    for part in objects(json_schema(result)).values():
        assert set(part["required"]) == set(part["properties"])


def test_every_kind_of_broken_handoff_is_in_the_schema_and_in_both_documents() -> None:
    maps = (ROOT / "deploy" / "maps" / "README.md").read_text()
    kinds = set(_SENTENCES)
    assert set(Kind) == kinds | {SILENT}
    for text, heading in ((DOCUMENTED, "### Kinds"), (maps, "## Which key raises which broken handoff")):
        table = text.split(heading)[1].split("\n#")[0]
        assert set(re.findall(r"^\| (\w+) \|", table, flags=re.M)) - {"kind", SILENT} == kinds


@pytest.mark.parametrize("result", RESULTS)
def test_the_document_explains_every_field_in_the_same_words(result: str) -> None:
    for name, part in objects(json_schema(result)).items():
        for field, says in part["properties"].items():
            row = f"| `{field}` | {says['description']} |"
            assert row in DOCUMENTED, f"{name}: {row}"


def test_the_document_explains_no_field_that_there_is_not() -> None:
    fields = {
        field
        for result in RESULTS
        for part in objects(json_schema(result)).values()
        for field in part["properties"]
    }
    tables = re.findall(r"\| field \| meaning \|\n\|[- |]+\n((?:\|.*\n)+)", DOCUMENTED)
    explained = {name for table in tables for name in re.findall(r"^\| `(\w+)`", table, flags=re.M)}
    assert explained == fields


def test_it_prints_one_schema_or_all() -> None:
    one = CliRunner().invoke(main, ["schema", "alerts"])
    every = CliRunner().invoke(main, ["schema"])
    assert json.loads(one.output) == json_schema("alerts")
    assert json.loads(every.output) == {result: json_schema(result) for result in RESULTS}
    Draft202012Validator.check_schema(json.loads(one.output))


def test_an_unknown_result_is_refused_with_the_names_there_are() -> None:
    refused = CliRunner().invoke(main, ["schema", "bookings"])
    assert refused.exit_code == 2
    assert "'journeys', 'customers', 'alerts', 'dead-letters', 'summary'" in refused.output
