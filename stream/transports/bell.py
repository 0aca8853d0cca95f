"""Wakes those in this process who wait for news of a file, in whichever thread or event loop they run."""

import asyncio
import threading
from pathlib import Path

_bells: dict[Path, set["Bell"]] = {}
_guard = threading.Lock()


class Bell:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def listen(self) -> None:
        """From here on `rang` hears every bell on the same path."""
        self._loop = asyncio.get_running_loop()
        with _guard:
            _bells.setdefault(self._path, set()).add(self)

    def close(self) -> None:
        with _guard:
            listening = _bells.get(self._path, set())
            listening.discard(self)
            if not listening:
                _bells.pop(self._path, None)

    def ring(self) -> None:
        with _guard:
            listening = list(_bells.get(self._path, ()))
        for bell in listening:
            bell._hear()

    def _hear(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    async def rang(self, timeout: float) -> bool:
        """Waits for a ring since the last call; False when none came within `timeout` seconds."""
        try:
            async with asyncio.timeout(max(timeout, 0)):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True
