"""`baton schema`: what results look like, for programs that read them."""

import click
import orjson

from deploy.commands.options import command
from journeys.schemas import RESULTS, json_schema


@click.command()
@click.argument("result", required=False, type=click.Choice(list(RESULTS)))
@command
def schema(result: str | None) -> None:
    """Print the JSON Schema (draft 2020-12) of a result file's lines, or of summary.json; without a name, all.

    Also the documents of the API and the topics are like these.
    """
    found = json_schema(result) if result else {name: json_schema(name) for name in RESULTS}
    click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
