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
from deploy.commands.options import PORT, alert_line, command, json_option
from deploy.commands.replay import play, show
from deploy.demo_day import ANNA, BERTA, MAX_ORDERS, MIN_ORDERS, Order, demo_day, story
from deploy.replay import Replay
from deploy.serving import log_is_ready, serve
from deploy.store_writer import StoreWriter
from deploy.telling import stderr
from deploy.wiring import LogEvents, load_map
from stream.metrics import Metrics
from stream.topics import Topics
from stream.transports.log import open_log
from stream.worker import Job, working

ANNAS_STORY = """\
[bold]Anna, order {order}[/bold], bought a smartphone online, and it came in time. Her line was never activated,
and when she called, from the number that the shop has of her, the call center did not know her:"""
BERTAS_STORY = """\
[bold]Berta, order {order}[/bold], called before her line was activated, from a number that no department knew.
Whose it is came out with the late activation, and with it that a customer had called as a stranger:"""


@click.command()
@click.option("--seed", default=1, show_default=True, help="Another seed is another day.")
@click.option(
    "--orders",
    default=300,
    show_default=True,
    type=click.IntRange(MIN_ORDERS, MAX_ORDERS),
    help="How many orders the day has.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the day here. Default: a temporary directory.",
)
@click.option(
    "--port", default=8080, show_default=True, type=PORT, help="Port of the page; 0 takes a free one."
)
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
        stories = {order.number: _alerts(model, order) for order in (ANNA, BERTA)}
        if as_json:
            click.echo(orjson.dumps({**summary, "stories": stories}, option=orjson.OPT_INDENT_2).decode())
        else:
            show(summary, data)
            _tell(stories)
        if not once:
            asyncio.run(_serve(what, model, port))
        model.close()


def _alerts(model: ReadModel, order: Order) -> list[dict[str, Any]]:
    """What broke for the order's customer, in the order in which it came to light."""
    (customer,) = model.reader.customers([("email", order.email)], limit=1)
    found = [model.reader.alert(fingerprint) for fingerprint in customer["alerts"]]
    return sorted((alert for alert in found if alert), key=lambda alert: (alert["opened_at"], alert["kind"]))


def _tell(stories: dict[str, list[dict[str, Any]]]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for order, told in ((ANNA, ANNAS_STORY), (BERTA, BERTAS_STORY)):
        console.print(f"\n{told.format(order=order.number)}")
        for alert in stories[order.number]:
            console.print(f"  {alert_line(alert)}")
    console.print(f"\nLook Anna up by any of: {', '.join(story(ANNA).values())}\n")


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
