"""Steps that tests of approvals share: the file as bytes, approving, rolling back."""

from __future__ import annotations

import difflib

from racing import ANA

from approvals import approve, rollback


def read(config_dir):
    return (config_dir / "icp.yaml").read_bytes()


def write(config_dir, content):
    (config_dir / "icp.yaml").write_bytes(content)


def diff(before, after):
    """The lines that went and came."""
    lines = difflib.ndiff(before.decode().splitlines(), after.decode().splitlines())
    return [line for line in lines if line[:2] in ("- ", "+ ")]


def approved(db, config_dir, now, run, *rows, **options):
    names = [("sic_code", row) if isinstance(row, str) else row for row in rows]
    return approve(
        db, config_dir=config_dir, run_id=run["run_id"], rows=names or None, now=now,
        **({"reason": "They sell.", "actor": ANA} | options),
    )  # fmt: skip


def rolled_back(db, config_dir, now, version, **options):
    return rollback(
        db,
        config_dir=config_dir,
        version=version,
        now=now,
        **({"reason": "Too much.", "actor": ANA} | options),
    )


def versions(db):
    return [
        (row["version"], row["kind"]) for row in db.rows("SELECT * FROM weight_versions ORDER BY version")
    ]
