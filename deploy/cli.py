"""The `baton` command. A subcommand is imported when it is called, so that each starts with only what it needs."""

from importlib import import_module

import click

COMMANDS = {
    "demo": "demo",
    "check": "check",
    "replay": "replay",
    "explain": "explain",
    "worker": "worker",
    "api": "api",
    "publish": "publish",
    "dead-letters": "dead_letters",
    "rebuild": "rebuild",
    "simulate": "simulate",
    "score": "score",
    "schema": "schema",
    "topics": "topics",
    "link": "link",
    "unlink": "link.unlink",
    "backtest": "backtest",
    "suggest": "suggest",
}
"""The subcommands, and which module of deploy.commands has the function of the same name, or of another."""


class Subcommands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if (name := COMMANDS.get(cmd_name)) is None:
            return None
        module, _, function = name.partition(".")
        found: click.Command = getattr(import_module(f"deploy.commands.{module}"), function or module)
        return found


@click.group(
    cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="baton")
def main() -> None:
    """Watch customer journeys across departments, and alert on broken handoffs, with proof."""


if __name__ == "__main__":
    main()
