"""Asking a system about customers, and telling it what an operator decides: through its API, or on its own data."""

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from api.identifier_search import spellings
from deploy.errors import Unusable
from deploy.wiring import READ_MODEL, Place, load_map, opened
from journeys.documents import Document
from journeys.explanation import explanation
from journeys.journey_map import JourneyMap
from stream.publishing import address
from stream.sending import Sender
from stream.topic_check import Use
from stream.topics import Topics

MOST_CUSTOMERS = 20


class System(Protocol):
    """Two ways to reach one system; they give the same answers."""

    def customers(self, identifier: str) -> list[Document]:
        """Those who bear it: `type:value` or a value of any type, in any spelling."""

    def identity(self, customer: Document, start: str) -> Document:
        """Why the customer's identifiers are theirs, from one of them on."""

    def journey(self, id: str) -> Document:
        """With its alerts."""

    def publish(self, event: bytes) -> None:
        """The log has the event when it returns."""


def system(
    api_url: str | None, map_path: Path | None, place: Place, wait: float, say: Callable[[str], None]
) -> System:
    """The system at the API's address, or else the one whose map and data are named."""
    if api_url:
        return RunningSystem(api_url)
    if map_path is None:
        raise Unusable("say which: --api URL of a running system, or --map MAP with --data DIR")
    return OwnSystem(load_map(map_path), place, wait, say)


class RunningSystem:
    """A system by its API."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise Unusable(f"--api: expected an address such as http://127.0.0.1:8080, found {url}")
        self._url = url

    def customers(self, identifier: str) -> list[Document]:
        return list(self._ask(f"/v1/customers?identifier={_quoted(identifier)}")["customers"])

    def identity(self, customer: Document, start: str) -> Document:
        return dict(self._ask(f"/v1/customers/{customer['id']}/identity?identifier={_quoted(start)}"))

    def journey(self, id: str) -> Document:
        return dict(self._ask(f"/v1/journeys/{id}"))

    def publish(self, event: bytes) -> None:
        self._ask("/v1/events", event)

    def _ask(self, route: str, event: bytes | None = None) -> Any:
        url = self._url
        request = urllib.request.Request(
            urllib.parse.urljoin(url, route), event, {"content-type": "application/cloudevents+json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Unusable(f"{url} answered {error.code} {error.reason}; is that `baton api`?") from None
        except urllib.error.URLError as error:
            raise Unusable(f"{url} can't be reached: {error.reason}; does `baton api` run there?") from None
        except ValueError:
            raise Unusable(f"{url} did not answer in JSON; is that `baton api`?") from None


class OwnSystem:
    """A system by its read model and its log."""

    def __init__(
        self, journey_map: JourneyMap, place: Place, wait: float, say: Callable[[str], None]
    ) -> None:
        if place.read_model_url is None:
            place.must_hold(READ_MODEL)
        self._map = journey_map
        self._place = place
        self._wait = wait
        self._say = say
        self._reader = place.read_model().reader

    def customers(self, identifier: str) -> list[Document]:
        return self._reader.customers(spellings(identifier, self._map), MOST_CUSTOMERS)

    def identity(self, customer: Document, start: str) -> Document:
        return explanation(customer, start, self._map.identifiers)

    def journey(self, id: str) -> Document:
        document = self._reader.journey(id) or {}
        return {**document, "alerts": self._reader.alerts_of(document) if document else []}

    def publish(self, event: bytes) -> None:
        asyncio.run(self._publish(event))

    async def _publish(self, event: bytes) -> None:
        topics = Topics(self._map)
        topic, entry = address(event, topics, "command")
        async with opened(self._place, topics, self._wait, self._say, Use(writes=[topic])) as log:
            await Sender(log).send(topic, [entry])


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")
