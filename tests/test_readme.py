"""The README's commands exist, do what they are there for, and none is left out."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from api.app import create_app
from deploy.cli import main
from deploy.wiring import LogEvents, Place
from journeys.journey_map import JourneyMap
from stream.topics import Topics
from stream.transports.log import open_log

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "deploy" / "RESULTS.md", ROOT / "deploy" / "maps" / "README.md"]
BATON = Path(sys.executable).with_name("baton")
LINES = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", README, flags=re.S | re.M)
    for line in block.splitlines()
]
STAYS = {"worker", "api"}


def commands(
    group: click.Group, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


COMMANDS = dict(commands(main))


def called(line: str) -> tuple[click.Command, list[str]]:
    """The command that a line calls, and its arguments."""
    program, *words = shlex.split(line)
    assert program == "baton", line
    length = next((n for n in (2, 1) if tuple(words[:n]) in COMMANDS), None)
    assert length, f"no such command: {line}"
    return COMMANDS[tuple(words[:length])], words[length:]


@pytest.mark.parametrize("line", LINES)
def test_every_line_calls_a_command_with_options_that_it_has(line: str) -> None:
    command, arguments = called(line)
    with command.make_context("baton", arguments, parent=click.Context(main, **main.context_settings)):
        pass


def test_the_lines_that_end_and_need_no_kafka_do_what_they_say_one_after_the_other(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy" / "maps", tmp_path / "deploy" / "maps")
    ending = [line for line in LINES if shlex.split(line)[1] not in STAYS and "--broker" not in line]
    assert len(ending) > 6
    for line in ending:
        words = [str(BATON), *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert done.stdout, line


def test_every_command_is_in_the_table_and_the_table_names_no_other() -> None:
    table = README.split("| command | does |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `baton ([\w -]+)` \|", table, flags=re.M)) == {
        " ".join(words) for words in COMMANDS
    }


def test_every_option_that_the_text_names_is_one_that_some_command_has() -> None:
    options = {name for command in COMMANDS.values() for param in command.params for name in param.opts}
    named = set(re.findall(r"`(--[a-z-]+)", README))
    assert named - options - {"--help"} == set()


def test_every_route_that_the_text_names_is_there(tmp_path: Path) -> None:
    place = Place(tmp_path)
    journey_map = JourneyMap.parse((ROOT / "deploy" / "maps" / "telecom.yaml").read_text())
    app = create_app(place.read_model(), LogEvents(open_log(place.broker), Topics(journey_map)), journey_map)
    routes = {app.openapi_url, *app.openapi()["paths"]}
    named = set(re.findall(r"(?:`|:8080)(/(?:v1/)?[a-z.]+)`", README))
    assert len(named) > 6
    assert named - routes == set()


def test_the_map_in_one_screen_is_a_map() -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```", README, flags=re.S | re.M)
    journey_map = JourneyMap.parse(example, "README.md")
    assert journey_map.journeys["new_line"].handoffs.keys() == {"delivery", "activation"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_into_the_project_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []
