"""Kafka's record-batch format, version 2, as the embedded log stores it: compact, with a checksum."""

import struct
from collections.abc import Sequence

from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from stream.transports.log import Entry, LogError, Record

_HEADER_BYTES = 61
_NO_LIMIT = 1 << 30


def encode(entries: Sequence[Entry], now: int) -> bytearray:
    """One batch whose first offset is 0; `now` is the timestamp (ms) of entries that have none."""
    builder = _builder()
    append = builder.append
    for position, (key, value, headers, timestamp) in enumerate(entries):
        append(position, now if timestamp is None else timestamp, key, value, list(headers))
    return bytearray(builder.build())


def encode_again(records: Sequence[Record]) -> bytearray:
    """One batch of records that keep their offsets, with gaps between them."""
    builder, first = _builder(), records[0].offset
    for offset, timestamp, key, value, headers in records:
        builder.append(offset - first, timestamp, key, value, list(headers))
    batch = bytearray(builder.build())
    place(batch, first)
    return batch


def _builder() -> DefaultRecordBatchBuilder:
    return DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=_NO_LIMIT,
    )


def place(batch: bytearray, base_offset: int) -> None:
    """Gives the batch its first offset, which the checksum does not cover."""
    struct.pack_into(">q", batch, 0, base_offset)


def decode(batch: bytes, where: str, next_offset: int) -> list[Record]:
    """The batch's records; LogError naming `where` if it is damaged or does not end before `next_offset`."""
    if not _is_whole(batch):
        raise LogError(_damaged(where, next_offset))
    reader = DefaultRecordBatch(batch)
    if not reader.validate_crc() or reader.next_offset != next_offset:
        raise LogError(_damaged(where, next_offset))
    try:
        return [
            Record(record.offset, record.timestamp, record.key, record.value, tuple(record.headers))
            for record in reader
        ]
    except CorruptRecordException as error:
        raise LogError(_damaged(where, next_offset)) from error


def _is_whole(batch: bytes) -> bool:
    if len(batch) < _HEADER_BYTES:
        return False
    (length,) = struct.unpack_from(">i", batch, 8)
    return bool(length == len(batch) - 12)


def _damaged(where: str, next_offset: int) -> str:
    return (
        f"{where}: the record batch up to offset {next_offset - 1} is damaged; restore a backup of the file"
    )
