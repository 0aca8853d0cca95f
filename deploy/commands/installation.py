"""The options that say which installation a command is about, alike for those that run one."""

import functools
from pathlib import Path
from typing import Any

from deploy.commands.options import (
    Command,
    broker_option,
    data_option,
    map_option,
    read_model_option,
    wait_option,
)
from deploy.wiring import Place


def installation(function: Command) -> Command:
    """Add the options --map, --data, --broker, --read-model and --wait; give `map_path`, `place` and `wait`."""

    @functools.wraps(function)
    def wrapped(
        *arguments: Any, data: Path, broker: str | None, read_model: str | None, **options: Any
    ) -> Any:
        return function(*arguments, place=Place(data, broker, read_model), **options)

    for option in (wait_option, read_model_option, broker_option, data_option, map_option):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]
