import re
from pathlib import Path

import pytest
import yaml

from journeys import map_promises, map_sections, map_sources
from journeys.identifiers import NORMALISERS
from journeys.journey_map import JourneyMap

MAPS = Path(__file__).parents[2] / "deploy" / "maps"
README = (MAPS / "README.md").read_text()
TELECOM = (MAPS / "telecom.yaml").read_text()
SECTIONS = {
    "The file": map_sections.MAP,
    "Departments": map_sources.DEPARTMENT,
    "Identifiers": map_sources.IDENTIFIER,
    "Events": map_sources.EVENT,
    "Journeys": map_promises.JOURNEY,
    "Handoffs": map_promises.HANDOFF,
    "Promises": map_promises.PROMISE,
    "Contacts": map_promises.CONTACT,
    "Conditions": map_promises.CONDITION,
}
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README, flags=re.S)


def chapter(title: str) -> str:
    return re.split(r"\n##+ ", README.split(f"# {title}\n", 1)[1], maxsplit=1)[0]


@pytest.mark.parametrize("title", SECTIONS)
def test_the_readme_explains_exactly_the_keys_that_a_map_may_have(title: str) -> None:
    table = chapter(title).split("| key |")[1].split("\n\n")[0]
    explained = re.findall(r"^\| `(\w+)` \|", table, flags=re.M)
    assert sorted(explained) == sorted(SECTIONS[title].keys)


@pytest.mark.parametrize("title", SECTIONS)
def test_the_readme_says_which_keys_are_required(title: str) -> None:
    required = re.findall(r"^\| `(\w+)` \|.*\| required \|$", chapter(title), flags=re.M)
    assert tuple(required) == SECTIONS[title].required


def test_the_readme_explains_every_normaliser() -> None:
    assert all(
        re.search(rf"^\| `{name}` \|.*\|.*\|$", chapter("Normalisers"), flags=re.M) for name in NORMALISERS
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_readme_fits_into_the_telecom_map(example: str) -> None:
    whole = yaml.safe_load(TELECOM) | yaml.safe_load(example)
    JourneyMap.parse(yaml.safe_dump(whole, sort_keys=False), "README.md")


@pytest.mark.parametrize("title", SECTIONS)
def test_the_telecom_map_shows_every_key(title: str) -> None:
    missing = {key for key in SECTIONS[title].keys if not re.search(rf"\b{key}:", TELECOM)}
    assert missing <= {"routes"}


def test_the_telecom_map_has_no_problem() -> None:
    assert JourneyMap.parse(TELECOM, "telecom.yaml").name == "telecom"
