"""On a cluster that asks for passwords: everything works with the rights that deploy/KAFKA.md names, and no others."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pytest

from stream.publisher import Publisher, Taken
from tests.support.live import BATON, Installation, until
from tests.support.secured_kafka import Right, SecuredBroker, password_of

MAP = """
departments: {shop: {}}
identifiers: {order: order}
events: {shop.order_placed: {identifiers: {order: data.order}}}
journeys: {purchase: {starts: shop.order_placed, correlates: order}}
"""
GUIDE = Path(__file__).parents[2] / "deploy" / "KAFKA.md"
USERS = {
    "a department": "shop",
    "`baton worker": "worker",
    "`baton api": "api",
    "`baton topics": "operator",
    "`baton replay": "operator",
}


def documented_rights() -> Iterator[Right]:
    """User, kind of resource, its name, operations: as the guide's table has them."""
    table = GUIDE.read_text().partition("| user | resource |")[2].partition("\n\n")[0].splitlines()[2:]
    user = ""
    for line in table:
        who, kind, name, operations = (cell.strip() for cell in line.strip("|").split("|"))
        user = next((short for text, short in USERS.items() if who.startswith(text)), user)
        kind, name = kind.replace("-", "_"), name.strip("`").replace("<department>", "shop")
        yield user, kind, name, operations.split(", ")


@pytest.fixture
def guarded(secured_kafka: SecuredBroker) -> SecuredBroker:
    secured_kafka.grant(documented_rights())
    return secured_kafka


@pytest.fixture
def map_path(tmp_path: Path) -> Path:
    path = tmp_path / "map.yaml"
    path.write_text(MAP)
    return path


def run(
    map_path: Path, user: str, broker: SecuredBroker, words: Sequence[str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command that ends, as a user over TLS, the password in the environment."""
    return subprocess.run(
        [BATON, *words, "--map", map_path, "--broker", broker.tls_url_of(user)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "BATON_KAFKA_PASSWORD": password_of(user)},
    )


def baton(map_path: Path, user: str, broker: SecuredBroker, *words: str) -> str:
    """What a command says that does its work."""
    done = run(map_path, user, broker, words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(map_path: Path, user: str, broker: SecuredBroker, *words: str) -> str:
    """What a command says that ends as it should with something that must be mended."""
    done = run(map_path, user, broker, words)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    return " ".join(done.stderr.split())


def event(number: int) -> dict[str, object]:
    return {
        "id": str(number),
        "type": "shop.order_placed",
        "time": "2026-01-15T10:00:00Z",
        "data": {"order": f"A-{number}"},
    }


def test_every_part_does_its_work_with_the_rights_that_are_documented_and_no_others(
    guarded: SecuredBroker, map_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "to create" in baton(map_path, "operator", guarded, "topics", "plan")
    baton(map_path, "operator", guarded, "topics", "apply", "--partitions", "2")
    with Publisher("shop", broker=guarded.url_of("shop"), spool=tmp_path / "spool") as publisher:
        assert publisher.publish(event(1)) is Taken.BY_KAFKA
    lines = tmp_path / "events.jsonl"
    lines.write_bytes(orjson.dumps({"specversion": "1.0", "source": "/shop", **event(2)}) + b"\n{}\n")
    publish = ("publish", str(lines), "--data", str(tmp_path / "publishing"))
    assert "1 events published to shop.events" in baton(map_path, "api", guarded, *publish)

    monkeypatch.setenv("BATON_KAFKA_PASSWORD", password_of("worker"))
    with Installation(
        tmp_path, MAP, ["--broker", guarded.tls_url_of("worker"), "--data", str(tmp_path)]
    ) as site:
        worker = site.worker()
        monkeypatch.setenv("BATON_KAFKA_PASSWORD", password_of("api"))
        site.place = ["--broker", guarded.tls_url_of("api"), "--data", str(tmp_path)]
        site.api()
        site.post("shop.order_placed", "3", order="A-3")
        until(lambda: all(site.journey(f"A-{n}") for n in (1, 2, 3)), "every journey")
        assert worker.end() == 0
        assert password_of("worker") not in worker.output
    letters = baton(map_path, "operator", guarded, "dead-letters", "list", "--json")
    assert orjson.loads(letters)["reason"] == "missing_attribute"
    assert "1 dead letters published again" in baton(map_path, "operator", guarded, "dead-letters", "replay")
    assert "ready" in baton(map_path, "operator", guarded, "rebuild", "--data", str(tmp_path))


def test_what_a_user_may_not_do_is_told_at_once_with_the_topics_and_the_right(
    secured_kafka: SecuredBroker, map_path: Path, tmp_path: Path
) -> None:
    def refusal(*words: str) -> str:
        said = refused(map_path, "worker", secured_kafka, *words, "--data", str(tmp_path))
        assert "deploy/KAFKA.md" in said
        return said

    secured_kafka.grant(right for right in documented_rights() if right[0] == "operator")
    said = refusal("worker")
    assert "this user may not see the topics shop.events, baton.commands, baton.inbox" in said
    assert "grant DESCRIBE, READ or WRITE" in said
    baton(map_path, "operator", secured_kafka, "topics", "apply", "--partitions", "2")
    secured_kafka.grant([("worker", "topic", "*", ["DESCRIBE"])])
    said = refusal("worker")
    assert "may not READ the topics shop.events, baton.commands, baton.inbox, baton.observations" in said
    assert "may not WRITE the topics baton.observations" in said
    assert "may not WRITE the topics shop.events, baton.commands, baton.inbox: grant it" in refusal("api")
    assert "may not READ the topics baton.dead-letters: grant it" in refusal("dead-letters", "list")
    secured_kafka.grant(
        right for right in documented_rights() if right[0] == "worker" and right[1] == "topic"
    )
    assert "may not consume as the group: grant READ" in refusal("worker")
    secured_kafka.grant([("worker", "group", "*", ["DESCRIBE"])])
    assert "may not consume as the group: grant READ" in refusal("worker")
