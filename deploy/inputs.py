"""Inputs of a replay: JSON Lines files, plain or gzipped, or standard input kept beside the log so that it
can be resumed.
"""

import gzip
import hashlib
import shutil
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.errors import Unusable

Line = tuple[str, bytes]


def keep_standard_input(directory: Path) -> Path:
    """Standard input as a file in the directory.

    A file that is there is what an earlier, interrupted run was given.
    """
    kept = directory / "standard-input.jsonl"
    if not kept.exists():
        partial = kept.with_suffix(".part")
        with partial.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        partial.rename(kept)
    return kept


def fingerprint(files: Sequence[Path]) -> list[dict[str, str]]:
    """Name and digest of each input: what tells whether a replay may be resumed."""
    found = []
    for file in files:
        try:
            with file.open("rb") as content:
                found.append(
                    {"name": file.name, "sha256": hashlib.file_digest(content, "sha256").hexdigest()}
                )
        except OSError as error:
            raise Unusable(
                f"{file}: {error.strerror}; expected JSON Lines of CloudEvents, or .gz of it"
            ) from None
    return found


def lines(files: Sequence[Path]) -> Iterator[Line]:
    """(file:line, bytes) of every line that is not blank, in order."""
    for file in files:
        try:
            with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as content:
                for number, line in enumerate(content, 1):
                    if stripped := line.strip():
                        yield f"{file.name}:{number}", stripped
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise Unusable(f"{file}: damaged gzip: {error}") from None
