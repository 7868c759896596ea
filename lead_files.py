"""Several files of leads as one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from errors import InputError
from lead_days import days_together
from leads import LeadFile
from sheets import MOST_ROWS

ROWS_APART = 1_000_000  # row 2,000,005 is row 5 of the second file
MOST_FILES = 20


def together(files: Sequence[LeadFile]) -> LeadFile:
    """The leads of all files in their order; one file alone stays as it is.

    Rows of file N (from 1) count from N x 1,000,000 on, so that every row number names its file and its row; the
    notes say so. InputError for a file that is there twice, for more than 20 files or 200,000 rows.
    """
    if len(files) == 1:
        return files[0]
    if not 1 <= len(files) <= MOST_FILES:
        raise InputError(f"From 1 to {MOST_FILES} files can be exported at once; got {len(files)}.")
    hashes = [file.sha256 for file in files]
    for place, file in enumerate(files):
        if file.sha256 in hashes[:place]:
            other = files[hashes.index(file.sha256)].name
            raise InputError(f"{file.name} has the same content as {other}. Leave one of the two out.")
    rows_in = sum(file.rows_in for file in files)
    if rows_in > MOST_ROWS:
        raise InputError(
            f"Together the files have {rows_in:,} rows; at most {MOST_ROWS:,} can be exported at once. "
            "Leave some for the next batch."
        )
    starts = [ROWS_APART * place for place in range(1, len(files) + 1)]
    notes = [
        f"Rows of {file.name} are numbered from {start + 1:,} on."
        for file, start in zip(files, starts, strict=True)
    ]
    mapping: dict[str, str] = {}
    for file in files:
        mapping = dict(file.mapping) | mapping
    return replace(
        files[0],
        name=" + ".join(file.name for file in files)[:500],
        sha256=hashlib.sha256("".join(hashes).encode()).hexdigest(),
        rows_in=rows_in,
        leads=_stacked([file.leads for file in files], starts),
        problems=_stacked([file.problems for file in files], starts),
        notes=notes + [f"{file.name}: {note}" for file in files for note in file.notes],
        mapping=mapping,
        days=days_together([file.days for file in files]),
        headers=list(dict.fromkeys(header for file in files for header in file.headers)),
    )


def _stacked(frames: Sequence[pd.DataFrame], starts: Sequence[int]) -> pd.DataFrame:
    moved = [
        frame.assign(row_number=frame["row_number"] + start)
        for frame, start in zip(frames, starts, strict=True)
    ]
    return pd.concat(moved, ignore_index=True)
