"""Ask for known weaknesses of every pinned dependency; when nobody could be asked that is a refusal, never a clean result."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
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
        if answer is not None:
            found = both(found, audited(answer, everywhere()))
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


def everywhere() -> set[str]:
    """The names of all pinned dependencies that every machine installs: an answer that leaves one out is none for it."""
    pins = re.compile(r"^([A-Za-z0-9._-]+)==[^\s;]+(?: \\)?$", re.MULTILINE)
    return {_one_name(name) for file in FILES for name in pins.findall((ROOT / file).read_text("utf-8"))}


def both(one: Audit | None, other: Audit) -> Audit:
    """What two services know together: every weakness that either names; not asked is what neither knows."""
    if one is None:
        return other
    weak = one.weak + [weakness for weakness in other.weak if weakness not in one.weak]
    return Audit(
        max(one.dependencies, other.dependencies),
        weak,
        [name for name in one.not_asked if name in other.not_asked],
    )


def audited(answer: dict[str, Any], pinned: Collection[str] = ()) -> Audit:
    """What pip-audit's JSON says; of `pinned`, what it does not name was not asked about."""
    listed = answer["dependencies"]
    weak = [
        {"name": one["name"], "version": one["version"], "id": weakness["id"],
         "mended_in": ", ".join(weakness["fix_versions"]) or "no release"}
        for one in listed for weakness in one.get("vulns", ())
    ]  # fmt: skip
    skipped = [_one_name(one["name"]) for one in listed if "skip_reason" in one]
    missing = set(pinned) - {_one_name(one["name"]) for one in listed}
    return Audit(len(listed) + len(missing), weak, [*skipped, *sorted(missing)])


def _one_name(name: str) -> str:
    """A package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _asked(tool: Path, service: str) -> tuple[dict[str, Any] | None, str]:
    """pip-audit's answer, or None and what was in the way."""
    files = [word for name in FILES for word in ("-r", str(ROOT / name))]
    words = [str(tool), *files, "--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off",
             "--vulnerability-service", service]  # fmt: skip
    try:
        with tempfile.TemporaryDirectory() as empty:  # an answer kept from an earlier day is no answer
            words += ["--cache-dir", empty]
            ended = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS)  # noqa: S603
        return dict(json.loads(ended.stdout)), ""
    except FileNotFoundError:
        return None, " (pip-audit is not installed: make audit installs it)"
    except (ValueError, subprocess.TimeoutExpired):
        return None, f" ({service} did not answer)"


if __name__ == "__main__":
    sys.exit(run(main))
