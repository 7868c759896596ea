"""Ask for known weaknesses of every pinned dependency; when nobody could be asked that is a refusal, never a clean result."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from errors import Unavailable
from scripts.command import DONE, PARTLY, parser, run
from settings import ROOT

FILES = ("requirements.txt", "requirements-test.txt")
SERVICES = ("pypi", "osv")  # who knows of weaknesses, in the order in which they are asked
_SECONDS = 120


class Audit(NamedTuple):
    """`weak`: name, version, id and mended_in of each known weakness; `not_asked`: the dependencies nobody knew about."""

    dependencies: int
    weak: list[dict[str, str]]
    not_asked: list[str]


def main(argv: Sequence[str]) -> tuple[dict[str, Any], str, int]:
    """dependencies (how many), weak (name, version, id, mended_in) and not_asked (names)."""
    options = parser("scripts.audit_dependencies", __doc__ or "")
    options.add_argument(
        "--tool", default=str(ROOT / ".venv" / "audit" / "bin" / "pip-audit"), metavar="FILE",
        help="where pip-audit is (default: as `make audit` installs it)",
    )  # fmt: skip
    said = options.parse_args(argv)
    found, trouble = None, ""
    for service in SERVICES:
        answer, trouble = _asked(Path(said.tool), service)
        found = audited(answer) if answer is not None else found
        if found is not None and not found.not_asked:
            break
    if found is None or (not found.weak and found.not_asked):
        number = (
            "any of the dependencies"
            if found is None
            else f"{len(found.not_asked)} of {found.dependencies} dependencies"
        )
        raise Unavailable(
            f"NOT AUDITED: nobody could be asked about {number}{trouble}. Run it again where PyPI or osv.dev can be reached."
        )
    lines = [
        f"{one['name']} {one['version']}: {one['id']}, mended in {one['mended_in']}" for one in found.weak
    ]
    text = "\n".join(
        [
            *lines,
            f"{len(found.weak)} known weakness{'es' * (len(found.weak) != 1)} in {found.dependencies} dependencies.",
        ]
    )
    return found._asdict(), text, PARTLY if found.weak else DONE


def audited(answer: dict[str, Any]) -> Audit:
    """What pip-audit's JSON says."""
    listed = answer["dependencies"]
    weak = [
        {"name": one["name"], "version": one["version"], "id": weakness["id"],
         "mended_in": ", ".join(weakness["fix_versions"]) or "no release"}
        for one in listed for weakness in one.get("vulns", ())
    ]  # fmt: skip
    return Audit(len(listed), weak, [one["name"] for one in listed if "skip_reason" in one])


def _asked(tool: Path, service: str) -> tuple[dict[str, Any] | None, str]:
    """pip-audit's answer, or None and what was in the way."""
    files = [word for name in FILES for word in ("-r", str(ROOT / name))]
    words = [str(tool), *files, "--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off",
             "--vulnerability-service", service]  # fmt: skip
    try:
        ended = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS)  # noqa: S603
        return dict(json.loads(ended.stdout)), ""
    except FileNotFoundError:
        return None, " (pip-audit is not installed: make audit installs it)"
    except (ValueError, subprocess.TimeoutExpired):
        return None, f" ({service} did not answer)"


if __name__ == "__main__":
    sys.exit(run(main))
