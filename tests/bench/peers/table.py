"""The comparison as tables, with how many times as fast Baton is, and should be."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from tests.bench.peers.compare import ORDERS, ORDERS_OF_THE_SLOW, WARM_ONE_IN, Result, Results
from tests.bench.peers.peer import JOB, STATE

TITLES = {
    STATE: "The stateful loop: decode, one keyed write to state with its changelog",
    JOB: "The job: an order's journey by its number, an alert on a missing handoff at its deadline",
}
HEAD = ("", "version", "events/s, median", "lowest to highest in runs", "Baton : it", "target")
LEAST_AHEAD = {
    STATE: {"Faust": 3.0, "Quix Streams": 3.0, "Bytewax": 3.0, "Kafka Streams": 1.0},
    JOB: {"Faust": 2.0, "Quix Streams": 2.0, "Bytewax": 2.0, "Kafka Streams": 0.5},
}
HOW = f"""\
One program each, as it is started by default (Baton's worker on the job is two processes), one after another in up
to three rounds, on one broker; {ORDERS[STATE]:,} orders of six events ({ORDERS[JOB]:,} for the job;
{ORDERS_OF_THE_SLOW:,} for Faust) in four partitions, there before anybody starts, a hundred orders an hour, each some
hours long: so few that the windows of Quix Streams hold them. The first of {WARM_ONE_IN} events are for warming up;
then the clock runs until all that came of them is durable, which the broker is asked for. A run counts only if every
order's count, or every alert and no other, is there."""


def rows(what: str, results: list[Result]) -> Iterator[tuple[str, ...]]:
    ours = next(result.median for result in results if result.peer.is_ours)
    for result in results:
        name = result.peer.name + (", only reading" if JOB not in result.peer.compared else "")
        if result.median is None:
            yield name, result.version, result.trouble, "", "", ""
            continue
        least = LEAST_AHEAD[what].get(name)
        yield (
            name,
            result.version,
            f"{result.median:,.0f}",
            f"{min(result.runs):,.0f} to {max(result.runs):,.0f} in {len(result.runs)}",
            "" if ours is None or result.peer.is_ours else f"{ours / result.median:.2f}",
            f"≥ {least:g}" if least else "",
        )


def as_markdown(results: Results, machine: dict[str, str]) -> str:
    lines = [HOW, "", *(f"- {name}: {value}" for name, value in machine.items())]
    for what, found in results.items():
        lines += ["", f"{TITLES[what]}:", ""]
        lines += ["| " + " | ".join(row) + " |" for row in (HEAD, ("---",) * len(HEAD), *rows(what, found))]
    return "\n".join(lines) + "\n"


def show(results: Results, console: Console) -> None:
    for what, found in results.items():
        table = Table(title=TITLES[what])
        for name in HEAD:
            table.add_column(name, justify="left" if name in HEAD[:2] else "right")
        for row in rows(what, found):
            table.add_row(*row)
        console.print(table)


def document(results: Results) -> dict[str, object]:
    return {
        what: {
            result.peer.name: {
                "version": result.version,
                "median": result.median,
                "runs": result.runs,
                "trouble": result.trouble,
            }
            for result in found
        }
        for what, found in results.items()
    }
