"""Brokers of a test's own: plain, and one that asks who is there and what they may.

Its users are `admin` (all) and `shop` (nothing, until granted)."""

from pathlib import Path
from typing import TypeVar

from tests.support import kafka

Kind = TypeVar("Kind", bound=kafka.Broker)
_JAAS = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required "
    'username="admin" password="admin-secret" user_admin="admin-secret" user_shop="shop-secret";'
)
_SETTINGS = f"""
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config={_JAAS}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:admin;User:ANONYMOUS
"""


class SecuredBroker(kafka.Broker):
    def __init__(self, libraries: Path, folder: Path) -> None:
        super().__init__(libraries, folder)
        open_to_all = self._settings.read_text()
        self._settings.write_text(open_to_all.replace("=PLAINTEXT://", "=SASL_PLAINTEXT://") + _SETTINGS)

    def url_of(self, user: str, password: str) -> str:
        how = "security_protocol=SASL_PLAINTEXT&sasl_mechanism=PLAIN"
        return f"kafka://{user}:{password}@{self.address}?{how}"


def started_broker(folder: Path, kind: type[Kind] = kafka.Broker) -> Kind:  # type: ignore[assignment]
    """A broker of the test's own, which it may kill; its data in a new directory in the folder."""
    folder = folder / "kafka"
    folder.mkdir()
    broker = kind(kafka._libraries(), folder)
    broker.format()
    broker.start()
    return broker
