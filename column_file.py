"""A table of columns with its stamp in a file beside the database, replaced in one step and never taken for whole when it is
not: what the columnar copies of outcomes and of deals are kept in.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def keep(path: Path | None, stamp: Mapping[str, Any], table: Any) -> None:
    """Nothing; the file holds the Arrow table with its stamp (JSON) and a checksum, unless there is no path or its folder
    cannot be written.
    """
    import pyarrow as pa

    if path is None:
        return
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.with_metadata({"stamp": json.dumps(dict(stamp))})) as writer:
        writer.write_table(table)
    content = sink.getvalue()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem.partition('-')[0]}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(zlib.crc32(content).to_bytes(8, "big"))
                file.write(content)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def kept(path: Path | None) -> tuple[dict[str, Any], Any] | None:
    """The stamp and the table; None without a path, where there is no file, or for one that is not as it was written."""
    import pyarrow as pa

    if path is None:
        return None
    try:
        with pa.memory_map(str(path)) as file:
            content = file.read_buffer()
        body = content.slice(8)
        if len(content) < 8 or int.from_bytes(content.slice(0, 8).to_pybytes(), "big") != zlib.crc32(body):
            return None
        table = pa.ipc.open_stream(body).read_all()
        return json.loads(table.schema.metadata[b"stamp"]), table
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
