"""The `baton` command."""

import click

from deploy.commands.check import check
from deploy.commands.replay import replay


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="baton")
def main() -> None:
    """Watch customer journeys across departments, and alert on broken handoffs, with proof."""


for command in (check, replay):
    main.add_command(command)

if __name__ == "__main__":
    main()
