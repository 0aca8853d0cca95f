"""Alerts to notify of, and a real web server that takes them, or does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import web

from stream.notify.receiver import Alert

PAGE = "http://baton.example/"
EMAIL, PHONE = "ann@example.com", "+491711234567"


def alert(fingerprint: str = "f1", **changes: Any) -> Alert:
    """Ann's line was never activated; open unless said otherwise."""
    return {
        "schema": 1,
        "fingerprint": fingerprint,
        "kind": "missing",
        "journey": "j1",
        "journey_type": "purchase",
        "customer": "c1",
        "handoff": "activation",
        "department": "activation",
        "severity": "critical",
        "status": "open",
        "opened_at": "2026-01-15T14:00:00Z",
        "due_at": "2026-01-15T14:00:00Z",
        "resolved_at": None,
        "occurred_at": None,
        "late_by_seconds": None,
        "owner": "line activation",
        "runbook": "https://runbooks.example/activation",
        "summary": "activation did not deliver activation.completed by 14:00",
        "identifiers": {"email": [EMAIL], "phone": [PHONE]},
        "evidence": [],
        "links": [],
        "weakest_link": {
            "a": f"phone:{PHONE}",
            "b": f"email:{EMAIL}",
            "source": "/shop",
            "id": "e7",
            "type": "shop.ordered",
            "at": "2026-01-15T10:00:00Z",
        },
        "conflict": None,
        "supersedes": [],
        "history": [],
        "map_version": "abc",
        "judged_at": "2026-01-15T14:00:01Z",
    } | changes


def resolved(fingerprint: str = "f1", **changes: Any) -> Alert:
    """The line was activated after all, an hour and a half late."""
    late = {
        "kind": "late",
        "status": "resolved",
        "resolved_at": "2026-01-15T15:30:00Z",
        "late_by_seconds": 5400.0,
    }
    return alert(fingerprint, **late, **changes)


def batch(*alerts: Alert) -> list[tuple[str, Alert | None]]:
    return [(each["fingerprint"], each) for each in alerts]


class Received(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class Desk:
    """Takes what is posted; `answers` are given first: a status, or None to hang until `go_on`."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int | None] = []
        self.go_on = asyncio.Event()
        self.refuses: bytes | None = None
        self.asked = 0
        self.taken: list[Received] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        body = await request.read()
        status = self.answers.pop(0) if self.answers else 200
        if status is None:
            await self.go_on.wait()
            status = 200
        if self.refuses and self.refuses in body:
            status = 400
        if status == 200:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.taken.append(Received(request.path, headers, body))
        return web.Response(
            status=status, text="said the desk", headers={"location": f"{self.url}/elsewhere"}
        )


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    desk = Desk()
    app = web.Application()
    app.router.add_post("/{path:.*}", desk.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    desk.url = f"http://{host}:{port}"
    try:
        yield desk
    finally:
        await runner.cleanup()
