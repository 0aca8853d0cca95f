"""The project as a whole: what its files may not say, and that its locks are complete."""

import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.lock", "requirements-dev.lock"]
PEERS = "tests/bench/peers"
LOCKS_OF_PEERS = [f"{PEERS}/{peer}/requirements.txt" for peer in ("bytewax", "quix_streams", "reading")]
# Spelled so that this file does not contain them.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("repo", "maven"),
        ("repo1", "maven"),
        ("registry", "npmjs"),
        ("deb", "debian", "org"),
    ]
]
MACHINE_PATHS = ["/" + folder + "/" for folder in ("work", "root")]


def files_of_the_project() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout: which files are the project's is unknown")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def locked(lock: str) -> dict[str, str]:
    """Each requirement of a lock, by name, with its hashes."""
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return {entry.split("==")[0]: entry for entry in entries if "==" in entry}


def named(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{number}: {forbidden}"
        for path in files_of_the_project()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        for forbidden in REGISTRY_HOSTS + MACHINE_PATHS
        if forbidden in line
    ]
    assert offences == []


@pytest.mark.parametrize("lock", LOCKS + LOCKS_OF_PEERS)
def test_a_lock_pins_every_requirement_by_hash_and_holds_no_address(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text()
    assert [name for name, entry in locked(lock).items() if "--hash=sha256:" not in entry] == []


def test_the_locks_hold_every_dependency_and_what_builds_the_project() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = {
        named(item) for item in pyproject["project"]["dependencies"] + pyproject["build-system"]["requires"]
    }
    extras = pyproject["project"]["optional-dependencies"].values()
    everything = runtime | {named(item) for item in chain.from_iterable(extras)}
    assert runtime - locked("requirements.lock").keys() == set(), "run `make lock`"
    assert everything - locked("requirements-dev.lock").keys() == set(), "run `make lock`"


def test_both_locks_agree_on_every_version() -> None:
    runtime, dev = ({name: entry.split()[0] for name, entry in locked(lock).items()} for lock in LOCKS)
    assert {name: pin for name, pin in runtime.items() if dev.get(name) != pin} == {}


def test_make_lists_its_targets_and_the_readme_names_none_that_is_missing() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"make (\w+)", listed))
    assert {"demo", "test", "lint", "bench"} <= targets
    named_by_readme = set(
        re.findall(r"`make (\w+)|^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    )
    assert {name for pair in named_by_readme for name in pair if name} - targets == set()


def test_no_file_of_the_product_is_longer_than_four_hundred_lines() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in files_of_the_project()
        if path.suffix == ".py" and "tests" not in path.relative_to(ROOT).parts
    }
    assert {name: lines for name, lines in sizes.items() if lines > 400} == {}
