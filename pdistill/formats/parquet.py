"""Reads parquet page by page.

It must not know what a column means.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pdistill.formats.columns import as_plain, plain_type
from pdistill.formats.table import BATCH_BYTES, BATCH_ROWS, Table, refuse_twins


def open_parquet(path: Path) -> Table:
    """The file's own types, made plain; only its footer is read. Raises UsageError for two columns of one name."""
    with pq.ParquetFile(path) as file:
        own, metadata = file.schema_arrow, file.metadata
        size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    refuse_twins(own.names, path)
    schema = pa.schema([(field.name, plain_type(field.type) or field.type) for field in own])
    rows = max(1, min(BATCH_ROWS, BATCH_BYTES * metadata.num_rows // max(size, 1)))

    def stream(columns: Sequence[str], as_written: Collection[str]) -> Iterator[pa.RecordBatch]:
        # Buffered and not read ahead, or whole row groups (often gigabytes of pictures) would be in memory.
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=2**20) as file:
            for batch in file.iter_batches(rows, columns=list(columns), use_threads=False):
                arrays = [as_plain(batch[name], schema.field(name).type) for name in columns]
                yield pa.RecordBatch.from_arrays(arrays, list(columns))

    return Table(path, schema, metadata.num_rows, stream)
