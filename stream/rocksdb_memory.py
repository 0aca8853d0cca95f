"""What one worker's RocksDBs may take of memory together, however many partitions it has."""

from rocksdict import BlockBasedOptions, Cache, Options, WriteBufferManager

ACTORS = 240_000
"""About 40,000 journeys of twelve events, each with the five identifiers that lead to it, in 300 MB."""

READ_BYTES = 64 << 20
WRITTEN_BYTES = 64 << 20
"""Of what was written and is in no file yet, but for what is being written to one."""


BITS_A_KEY = 10
"""Of the filter that tells without reading that a key is not there, and errs for one in a hundred that are not."""


class RocksMemory:
    """An equal part of `actors` for each partition that is here, and what was read and written last of any."""

    def __init__(self, actors: int = ACTORS) -> None:
        self._actors = actors
        self._partitions = 0
        self._read = Cache(READ_BYTES)
        self._written = WriteBufferManager(WRITTEN_BYTES, allow_stall=False)

    @property
    def actors_each(self) -> int:
        return self._actors // max(self._partitions, 1)

    def join(self) -> None:
        """A partition more."""
        self._partitions += 1

    def leave(self) -> None:
        """A partition less."""
        self._partitions -= 1

    def limit(self, options: Options) -> None:
        """A database that is opened with these options takes its part."""
        blocks = BlockBasedOptions()
        blocks.set_block_cache(self._read)
        blocks.set_bloom_filter(BITS_A_KEY, block_based=False)
        options.set_block_based_table_factory(blocks)
        options.set_write_buffer_manager(self._written)
