"""`baton demo`: a day of three departments, what it comes to, and the page to look at it."""

import asyncio
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console

from api.app import create_app
from api.store.read_model import ReadModel
from deploy.commands.options import alert_line, command, json_option, stderr
from deploy.commands.replay import play, show
from deploy.demo_day import demo_day, story
from deploy.replay import Replay
from deploy.serving import log_is_ready, serve
from deploy.wiring import LogEvents, StoreWriter, load_map
from stream.metrics import Metrics
from stream.topics import Topics
from stream.transports.log import open_log
from stream.worker import Job, working


@click.command()
@click.option("--seed", default=1, show_default=True, help="Another seed is another day.")
@click.option(
    "--orders",
    default=300,
    show_default=True,
    type=click.IntRange(1, 5000),
    help="How many orders the day has.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the day here. Default: a temporary directory.",
)
@click.option("--port", default=8080, show_default=True, help="Port of the page; 0 takes a free one.")
@click.option("--once", is_flag=True, help="Print what was found and exit, without the page.")
@json_option
@command
def demo(seed: int, orders: int, data: Path | None, port: int, once: bool, as_json: bool) -> None:
    """Play a day of a telecom's shop, activation and call center through the real agents, and show what broke.

    Needs no Kafka: the agents run on the embedded log. Nobody is notified.
    """
    with tempfile.TemporaryDirectory(prefix="baton-demo-") as temporary:
        directory = data or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        map_path = Path(str(files("deploy") / "maps" / "telecom.yaml"))
        day = directory / "demo-day.jsonl"
        day.write_bytes(b"\n".join(demo_day(seed, orders)) + b"\n")
        what = Replay([day], load_map(map_path), directory)
        summary = play(what, fresh=True)
        model = ReadModel(f"sqlite:///{(directory / 'read-model.sqlite').resolve()}")
        alerts = _annas_alerts(model)
        if as_json:
            click.echo(orjson.dumps({**summary, "story": alerts}, option=orjson.OPT_INDENT_2).decode())
        else:
            show(summary, data)
            _tell(alerts)
        if not once:
            asyncio.run(_serve(what, model, port))
        model.close()


def _annas_alerts(model: ReadModel) -> list[dict[str, Any]]:
    (customer,) = model.reader.customers([("email", story()["email"])], limit=1)
    found = [model.reader.alert(fingerprint) for fingerprint in customer["alerts"]]
    return sorted((alert for alert in found if alert), key=lambda alert: (alert["opened_at"], alert["kind"]))


def _tell(alerts: list[dict[str, Any]]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    known = story()
    console.print(
        f"\n[bold]The story of order {known['order']}[/bold]: bought online, delivered in time, and then"
    )
    for alert in alerts:
        console.print(f"  {alert_line(alert)}")
    console.print(f"Look her up by any of: {', '.join(known.values())}\n")


async def _serve(what: Replay, model: ReadModel, port: int) -> None:
    """Keep the day's worker and page running, its clock standing at the day's end."""
    topics = Topics(what.journey_map)
    log = open_log(what.place.broker)
    await log.start()
    job = Job(what.journey_map, what.place.broker, topics, live=True, writer=StoreWriter(model))
    async with working(job, log, Metrics()):
        app = create_app(model, LogEvents(log, topics), what.journey_map, ready=log_is_ready(log, topics))
        await serve(app, "127.0.0.1", port, _invite)
    await log.stop()


def _invite(address: str) -> None:
    stderr.print(f"Open [bold]{address}[/bold] (Ctrl-C ends it)", highlight=False)
