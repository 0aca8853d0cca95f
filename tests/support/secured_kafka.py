"""A broker that asks who is there and what they may: by password in the clear, and by SCRAM over TLS.

`admin` may everything; the others may nothing until it is granted.
"""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from tests.support.kafka import Broker, running
from tests.support.services import free_port

USERS = ("admin", "shop", "worker", "api", "operator")
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_SETTINGS = """
{listeners}
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_plaintext.sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config={plain}
listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram}
ssl.keystore.type=PKCS12
ssl.keystore.location={keystore}
ssl.keystore.password={store_password}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:admin;User:ANONYMOUS
"""
STORE_PASSWORD = "store-secret"
Right = tuple[str, str, str, Sequence[str]]
"""User, kind of resource, its name (`*` at the end: all that begin so), operations."""


def password_of(user: str) -> str:
    return f"{user}/secret"


class SecuredBroker(Broker):
    def __init__(self, libraries: Path, folder: Path) -> None:
        super().__init__(libraries, folder)
        self.tls_port = free_port()
        self.certificate = folder / "broker.pem"
        keystore = folder / "broker.p12"
        _make_certificate(keystore, self.certificate)
        users = " ".join(f'user_{user}="{password_of(user)}"' for user in USERS)
        open_to_all = self._settings.read_text()
        listeners = [
            line.replace("=PLAINTEXT://", "=SASL_PLAINTEXT://") + f",SASL_SSL://127.0.0.1:{self.tls_port}"
            for line in open_to_all.splitlines()
            if "listeners=" in line
        ]
        secured = _SETTINGS.format(
            listeners="\n".join(listeners),
            plain=f'{_PLAIN} username="admin" password="{password_of("admin")}" {users};',
            scram=_SCRAM,
            keystore=keystore,
            store_password=STORE_PASSWORD,
        )
        self._settings.write_text(open_to_all + secured)

    @property
    def _formatting(self) -> list[str]:
        scram = [f"SCRAM-SHA-512=[name={user},password={password_of(user)}]" for user in USERS]
        return [word for each in scram for word in ("--add-scram", each)]

    def url_of(self, user: str, password: str | None = None) -> str:
        """With the password in the address, in the clear."""
        secret = (password or password_of(user)).replace("/", "%2F")
        how = "security_protocol=SASL_PLAINTEXT&sasl_mechanism=PLAIN"
        return f"kafka://{user}:{secret}@{self.address}?{how}"

    def tls_url_of(self, user: str) -> str:
        """By the defaults, SCRAM over TLS, without the password."""
        return f"kafka://{user}@127.0.0.1:{self.tls_port}?ssl_cafile={self.certificate}"

    def admin(self) -> KafkaAdminClient:
        return KafkaAdminClient(
            bootstrap_servers=self.address,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_plain_username="admin",
            sasl_plain_password=password_of("admin"),
        )

    def grant(self, rights: Iterable[Right]) -> None:
        admin = self.admin()
        admin.create_acls(
            [_acl(*right, operation) for *right, operations in rights for operation in operations]
        )
        admin.close()


def _acl(user: str, kind: str, pattern: str, operation: str) -> ACL:
    prefixed = pattern.endswith("*") and pattern != "*"
    resource = ResourcePattern(
        ResourceType[kind.upper()],
        pattern.removesuffix("*") if prefixed else pattern,
        ACLResourcePatternType.PREFIXED if prefixed else ACLResourcePatternType.LITERAL,
    )
    return ACL(f"User:{user}", "*", ACLOperation[operation], ACLPermissionType.ALLOW, resource)


@pytest.fixture
def secured_kafka(tmp_path: Path) -> Iterator[SecuredBroker]:
    """A broker of the test's own."""
    folder = tmp_path / "secured-kafka"
    folder.mkdir()
    yield from running(folder, SecuredBroker)


def _make_certificate(keystore: Path, certificate: Path) -> None:
    store = [
        "-keystore",
        str(keystore),
        "-storetype",
        "PKCS12",
        "-storepass",
        STORE_PASSWORD,
        "-alias",
        "broker",
    ]
    names = ["-dname", "CN=broker", "-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true"]
    for words in (
        ["-genkeypair", "-keyalg", "EC", *names, "-validity", "2", *store],
        ["-exportcert", "-rfc", "-file", str(certificate), *store],
    ):
        subprocess.run(["keytool", *words], check=True, capture_output=True)
