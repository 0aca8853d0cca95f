"""`baton topics`: the Kafka topics a journey map needs, shown as a diff, and created."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.markup import escape

from deploy.commands.options import Command, command, json_option, kafka_option, map_option
from deploy.errors import Unusable
from deploy.wiring import load_map
from journeys.instants import parse_duration
from stream.topic_admin import TopicAdmin
from stream.topic_plan import Step, plan, wanted_topics
from stream.topics import Topics

MARKS = {"create": "[green]+[/green]", "change": "[yellow]~[/yellow]", "fine": " ", "refuse": "[red]![/red]"}


class Duration(click.ParamType):
    """Such as 14d or 1d12h, in microseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group()
def topics() -> None:
    """See what topics a Kafka cluster lacks, and create them. Workers create none."""


def topic_options(function: Command) -> Command:
    positive = click.IntRange(1)
    for option in reversed(
        (
            kafka_option,
            map_option,
            click.option("--partitions", default=8, show_default=True, type=positive, help="Of each topic."),
            click.option(
                "--replication", default=1, show_default=True, type=positive, help="Replicas of each topic."
            ),
            click.option(
                "--min-insync",
                default=1,
                show_default=True,
                type=positive,
                help="Replicas that must have a record before it is acknowledged.",
            ),
            click.option(
                "--retention",
                default="14d",
                show_default=True,
                type=Duration(),
                help="How long events, messages and dead letters are kept.",
            ),
            json_option,
        )
    ):
        function = option(function)
    return function


@topics.command("plan")
@topic_options
@command
def plan_topics(as_json: bool, **wanted: Any) -> None:
    """Show what `apply` would do, and do nothing."""
    _run(as_json, lambda admin, steps: None, **wanted)


@topics.command("apply")
@topic_options
@command
def apply_topics(as_json: bool, **wanted: Any) -> None:
    """Create the topics that are missing, and set what is set otherwise; nothing if a topic cannot be used.

    May be repeated. Partitions and replicas of topics that exist stay as they are.
    """
    _run(as_json, TopicAdmin.carry_out, **wanted)


def _run(
    as_json: bool,
    act: Callable[[TopicAdmin, Sequence[Step]], None],
    broker: str,
    map_path: Path,
    partitions: int,
    replication: int,
    min_insync: int,
    retention: int,
) -> None:
    names = Topics(load_map(map_path))
    wanted = wanted_topics(names, partitions, replication, min_insync, retention // 1000)
    with TopicAdmin(broker) as admin:
        steps = plan(names, wanted, admin.cluster([topic.name for topic in wanted]))
        _show(steps, as_json)
        refused = [step.topic.name for step in steps if step.action == "refuse"]
        if refused:
            raise Unusable(f"nothing is changed because of {', '.join(refused)}")
        act(admin, steps)


def _show(steps: Sequence[Step], as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps([_plain(step) for step in steps], option=orjson.OPT_INDENT_2))
        return
    console = Console(soft_wrap=True, highlight=False)
    for step in steps:
        topic = step.topic
        shape = f"{topic.partitions} partitions, {topic.replication} replicas"
        console.print(f"{MARKS[step.action]} {step.action:6} {topic.name}  [dim]{shape}[/dim]")
        settings = step.changes.items() if step.action == "change" else ()
        for name, (now, wanted) in settings:
            console.print(f"           {name}: {now or 'unset'} → {wanted}")
        if step.action == "create":
            console.print(
                f"           {', '.join(f'{name}={value}' for name, value in topic.config.items())}"
            )
        if step.why:
            console.print(f"           {escape(step.why)}")
    counts = Counter[str](step.action for step in steps)
    console.print(
        f"{counts['create']} to create, {counts['change']} to change, {counts['fine']} fine, "
        f"{counts['refuse']} in the way"
    )


def _plain(step: Step) -> dict[str, Any]:
    return {
        "topic": step.topic.name,
        "action": step.action,
        "partitions": step.topic.partitions,
        "replication": step.topic.replication,
        "changes": {name: {"is": now, "wanted": wanted} for name, (now, wanted) in step.changes.items()},
        "config": dict(step.topic.config) if step.action == "create" else {},
        "why": step.why,
    }
