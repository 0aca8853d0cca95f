"""How commands tell people what goes on, and how they end."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from rich.console import Console
from rich.logging import RichHandler

from api.store.errors import StoreError
from deploy.errors import Unusable
from stream.transports.log import LogError

UNUSABLE, FAILED = 2, 3

TOLD = (Unusable, LogError, StoreError)
"""Errors whose message says all that there is to say: commands end with it, and nobody needs a traceback."""

stderr = Console(stderr=True)


@contextmanager
def told_in_words(log_level: str) -> Iterator[None]:
    """Log on standard error, and turn what goes wrong into a message and an exit code instead of a traceback."""
    shown = RichHandler(console=stderr, show_path=False)
    if log_level != "debug":
        shown.addFilter(lambda record: not _is_told_in_the_end(record))
    logging.basicConfig(level=log_level.upper(), format="%(message)s", handlers=[shown], force=True)
    # They log what we say ourselves, once for every try, with tracebacks.
    for client in ("aiokafka", "kafka"):
        logging.getLogger(client).setLevel("DEBUG" if log_level == "debug" else "CRITICAL")
    try:
        yield
    except TOLD as error:
        fail(str(error), UNUSABLE)
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"{error.filename or 'system'}: {error.strerror or error}", UNUSABLE)


def _is_told_in_the_end(record: logging.LogRecord) -> bool:
    return bool(record.exc_info and isinstance(record.exc_info[1], TOLD))


def say(what: str) -> None:
    """Tell a person what goes on, on standard error."""
    stderr.print(what, highlight=False, markup=False, soft_wrap=True)


def fail(message: str, code: int) -> NoReturn:
    """End the command with a message on standard error."""
    stderr.print(message, style="red", highlight=False, soft_wrap=True, markup=False)
    sys.exit(code)


def end_at_once(error: BaseException, code: int = FAILED) -> NoReturn:
    """End the process without waiting for anything: a role failed, and nothing more may be acknowledged."""
    stderr.print(f"stopped: {error}", style="red", highlight=False, soft_wrap=True, markup=False)
    logging.getLogger(__name__).debug("what failed", exc_info=error)
    sys.stderr.flush()
    os._exit(code)
