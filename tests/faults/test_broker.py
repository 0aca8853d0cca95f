"""A broker that dies, that refuses what is sent, and that is far away."""

import time

import pytest
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourceType,
)

from tests.support.generator import slices
from tests.support.proxy import Proxy
from tests.support.sites import Site
from tests.support.verifier import Results


def test_a_broker_that_is_killed_again_and_again_holds_things_up_and_loses_nothing(
    site: Site, some_events: list[bytes], undisturbed: Results, full: bool
) -> None:
    worker = site.start().until_working()
    for part in slices(some_events, 5 if full else 1):
        before = site.progress()
        with site.sending(part, rate=200):
            site.until(lambda before=before: site.progress() > before, "the worker gets on")  # type: ignore[misc]
            site.broker.kill()
            time.sleep(30 if full else 3)
            site.broker.start()
    assert site.prove() == undisturbed
    assert site.workers == [worker]


@pytest.mark.parametrize("why", ["too large", "not allowed"])
def test_a_refused_message_stops_the_worker_before_the_source_moves(
    why: str, site: Site, some_events: list[bytes], undisturbed: Results
) -> None:
    refuse, allow, words = REFUSALS[why]
    worker = site.start().until_working()
    refuse(site)
    site.send(some_events)
    assert worker.until_ended() == 3, worker.said
    assert words in worker.said.replace("\n", " ")
    assert site.progress() == 0
    allow(site)
    site.start()
    assert site.prove() == undisturbed


def _accept_no_more_than(site: Site, size: int) -> None:
    admin = site.admin()
    settings = {"max.message.bytes": str(size)}
    admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, site.topics.observations, configs=settings)]
    )
    admin.close()


def _rules(site: Site) -> list[ACL]:
    """Everybody may do everything with the topic but write."""
    topic = ResourcePattern(ResourceType.TOPIC, site.topics.observations)
    return [
        ACL("User:ANONYMOUS", "*", ACLOperation.ALL, ACLPermissionType.ALLOW, topic),
        ACL("User:ANONYMOUS", "*", ACLOperation.WRITE, ACLPermissionType.DENY, topic),
    ]


def _deny(site: Site) -> None:
    admin = site.admin()
    admin.create_acls(_rules(site))
    admin.close()


def _allow(site: Site) -> None:
    admin = site.admin()
    admin.delete_acls(_rules(site))
    admin.close()


REFUSALS = {
    "too large": (
        lambda site: _accept_no_more_than(site, 200),
        lambda site: _accept_no_more_than(site, 1_048_588),
        "raise the topic's max.message.bytes",
    ),
    "not allowed": (_deny, _allow, "TopicAuthorizationFailed"),
}


def test_a_network_that_swallows_resets_delays_and_throttles_loses_nothing(
    site: Site, proxy: Proxy, some_events: list[bytes], undisturbed: Results, full: bool
) -> None:
    proxy.lead(site.broker.proxy_port, site.broker.behind_proxy)
    site.start(broker=f"kafka://127.0.0.1:{site.broker.proxy_port}").until_working()
    with site.sending(some_events, rate=200):
        for trouble, short, long in (
            (proxy.black_hole, 4, 45),
            (proxy.resets, 2, 10),
            (proxy.latency, 4, 45),
            (proxy.throttle, 4, 45),
        ):
            with trouble():
                time.sleep(long if full else short)
    assert site.prove() == undisturbed
