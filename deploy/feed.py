"""The feed of a replay: every line of its inputs onto the log once, however often it is interrupted."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from deploy.errors import Unusable
from deploy.inputs import Line, lines
from stream.dead_letters import ORIGIN_HEADER
from stream.publishing import address, is_heartbeat
from stream.sending import Sender, by_topic
from stream.topics import Topics
from stream.transports.log import Log, Offsets

FED_AT_ONCE = 4000
PROGRESS = "fed.json"


class Feed:
    """Keeps in a file how many lines were fed, and where the log ended then.

    What is on the log behind those ends was fed, too, though nobody lived to note it: a line is known by its
    origin and content. So a note that is too old does no harm.
    """

    def __init__(self, files: Sequence[Path], out: Path, log: Log, topics: Topics) -> None:
        self._files = files
        self._note = out / PROGRESS
        self._log = log
        self._topics = topics

    async def run(self, progress: Callable[[str, int], None]) -> int:
        """Append what is not on the log yet; give how many events there are.

        A heartbeat says that a department is there; it is no event, and not counted.
        """
        fed, ends = self._noted()
        there = await self._behind(ends)
        sender = Sender(self._log)
        remaining = lines(self._files)
        events = sum(not is_heartbeat(raw) for _, raw in islice(remaining, fed))
        while chunk := list(islice(remaining, FED_AT_ONCE)):
            events += sum(not is_heartbeat(raw) for _, raw in chunk)
            addressed = [address(raw, self._topics, origin) for origin, raw in _without(there, chunk)]
            await sender.send_all(by_topic(addressed))
            fed += len(chunk)
            self._take_down(fed, await self._log.ends(self._topics.sources))
            progress("read", fed)
        return events

    def _noted(self) -> tuple[int, Offsets]:
        if not self._note.exists():
            return 0, {}
        note = json.loads(self._note.read_text())
        return note["fed"], {(topic, partition): end for topic, partition, end in note["ends"]}

    def _take_down(self, fed: int, ends: Offsets) -> None:
        partial = self._note.with_suffix(".part")
        partial.write_text(json.dumps({"fed": fed, "ends": [[*tp, end] for tp, end in ends.items()]}))
        partial.rename(self._note)

    async def _behind(self, noted: Offsets) -> Counter[Line]:
        """The lines that are on the log behind these ends."""
        there: Counter[Line] = Counter()
        for tp, end in (await self._log.ends(self._topics.sources)).items():
            if noted.get(tp, 0) > end:
                raise Unusable(f"{tp[0]} has lost what was fed before: start over with --fresh")
            async for records in self._log.read(*tp, start=noted.get(tp, 0), end=end):
                there.update(
                    ((dict(record.headers).get(ORIGIN_HEADER) or b"").decode(), record.value or b"")
                    for record in records
                )
        return there


def _without(there: Counter[Line], chunk: Sequence[Line]) -> list[Line]:
    new = []
    for line in chunk:
        if there[line] > 0:
            there[line] -= 1
        else:
            new.append(line)
    return new
