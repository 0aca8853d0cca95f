"""The `baton` command."""

import click

from deploy.commands.api import api
from deploy.commands.check import check
from deploy.commands.dead_letters import dead_letters
from deploy.commands.demo import demo
from deploy.commands.explain import explain
from deploy.commands.publish import publish
from deploy.commands.rebuild import rebuild
from deploy.commands.replay import replay
from deploy.commands.schema import schema
from deploy.commands.topics import topics
from deploy.commands.worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="baton")
def main() -> None:
    """Watch customer journeys across departments, and alert on broken handoffs, with proof."""


for command in (demo, check, replay, explain, worker, api, publish, dead_letters, rebuild, schema, topics):
    main.add_command(command)

if __name__ == "__main__":
    main()
