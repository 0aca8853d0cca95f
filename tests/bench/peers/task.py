"""What a program of the comparison is to do, from its environment, and its word on how far it is.

For every peer's Python, so with the standard library alone. The words are lines on standard output: `warm` when
the first events, which nobody measures, are handled, and `all`; each with how many events that were, and when.
"""

import os
import sys
import time

BROKER = os.environ.get("BENCH_BROKER", "")
INPUT = os.environ.get("BENCH_INPUT", "")
OUTPUT = os.environ.get("BENCH_OUTPUT", "")
GROUP = os.environ.get("BENCH_GROUP", "")
FOLDER = os.environ.get("BENCH_FOLDER", "")
WARM, EVENTS = int(os.environ.get("BENCH_WARM", 0)), int(os.environ.get("BENCH_EVENTS", 0))

_handled = 0
_words = [("warm", WARM), ("all", EVENTS)]


def handled(events: int = 1) -> None:
    """So many more events have been handled."""
    global _handled
    _handled += events
    while _words and _handled >= _words[0][1]:
        print(_words.pop(0)[0], _handled, time.time(), file=sys.__stdout__, flush=True)
