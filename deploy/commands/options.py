"""What several commands have in common: options, alerts in a line, and progress."""

import functools
import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deploy.telling import stderr, told_in_words
from journeys.instants import parse_instant

Command = TypeVar("Command", bound=Callable[..., Any])


class Instant(click.ParamType):
    """RFC 3339; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_instant(value)
        except ValueError as error:
            self.fail(f"expected a time such as 2026-01-15T18:00:00Z: {error}", param, ctx)


map_option = click.option(
    "--map", "map_path", type=click.Path(path_type=Path), required=True, help="The journey map (YAML)."
)
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("baton-data"),
    show_default=True,
    envvar="BATON_DATA",
    help="Directory of the embedded log and the SQLite read model.",
)
KAFKA = "kafka://[user@]host:port,…, the user's password in BATON_KAFKA_PASSWORD"
broker_option = click.option(
    "--broker", envvar="BATON_BROKER", help=f"{KAFKA}; instead of the embedded log in --data."
)
kafka_option = click.option("--broker", envvar="BATON_BROKER", required=True, help=f"{KAFKA}.")
read_model_option = click.option(
    "--read-model",
    envvar="BATON_READ_MODEL",
    help="SQLAlchemy URL, such as postgresql+psycopg://…; default: SQLite in --data.",
)
wait_option = click.option(
    "--wait",
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds to wait for a broker or a database that is away at the start.",
)
PORT = click.IntRange(0, 65535)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
api_option = click.option("--api", "api_url", envvar="BATON_API", help="Ask the running API at this URL.")


def command(function: Command) -> Command:
    """Add --log-level, and turn what goes wrong into a message and an exit code instead of a traceback."""

    @click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="warning",
        show_default=True,
        help="How much to log, on standard error.",
    )
    @functools.wraps(function)
    def wrapped(*arguments: Any, log_level: str, **options: Any) -> Any:
        with told_in_words(log_level):
            return function(*arguments, **options)

    return wrapped  # type: ignore[return-value]


def collect_seldom() -> None:
    """For agents: what they hold lives long, without cycles; to look for some at Python's usual pace takes a fifth of
    the time.
    """
    gc.set_threshold(50_000, 20, 100)


def alert_line(alert: Mapping[str, Any]) -> str:
    """An alert in a line, with the console's markup; of a call in hindsight also when it was."""
    kind = alert["kind"].replace("_", " ")
    line = f"{alert['opened_at']}  [red]{kind}[/red] ({alert['status']}): {alert['summary']}"
    if alert["occurred_at"] not in (None, alert["opened_at"]):
        line += f"; the call was at {alert['occurred_at']}, the caller became known at {alert['opened_at']}"
    return line


@contextmanager
def progress() -> Iterator[Callable[[str, int], None]]:
    """Show how far a long command is, on standard error, where a person is looking."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def show(phase: str, done: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(f"events {phase}", total=None)
            bars.update(tasks[phase], completed=done)

        yield show
