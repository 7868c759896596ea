"""A file of columns is whole or not there."""

from __future__ import annotations

import pyarrow as pa
import pytest

from column_file import keep, kept

TABLE = pa.table({"name": ["Oak Inn", None], "miles": [0.1 + 0.2, 5.0]})


def test_what_is_kept_comes_back_with_its_stamp(tmp_path):
    path = tmp_path / "cache" / "deals-1.arrow"
    keep(path, {"top": 7}, TABLE)
    stamp, table = kept(path)
    assert (stamp, table.to_pydict()) == ({"top": 7}, TABLE.to_pydict())
    keep(path, {"top": 8}, TABLE.slice(1))
    assert (kept(path)[0], kept(path)[1].num_rows) == ({"top": 8}, 1)
    assert [file.name for file in path.parent.iterdir()] == ["deals-1.arrow"]  # nothing half written is left


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "seven bytes", "gone"])
def test_a_file_that_is_not_as_it_was_written_is_none(tmp_path, harm):
    path = tmp_path / "deals-1.arrow"
    keep(path, {"top": 7}, TABLE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    harmed = {
        "cut": content[: len(content) // 2],
        "flipped": content,
        "empty": b"",
        "seven bytes": b"1234567",
    }
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(harmed[harm])
    assert kept(path) is None


def test_no_path_and_a_folder_that_cannot_be_written_keep_nothing(tmp_path):
    keep(None, {}, TABLE)
    assert kept(None) is None
    (tmp_path / "file").write_text("no folder")
    keep(tmp_path / "file" / "deals-1.arrow", {}, TABLE)
    assert kept(tmp_path / "file" / "deals-1.arrow") is None
