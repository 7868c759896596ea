"""A process that imports rooms and prints what that did: files opened, connections made, environment read.

Arguments: the root of the product, then the modules. No line on standard output: nothing was done.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(sys.argv[1])
SEEN: list[str] = []


def ours() -> str | None:
    """The file of the product whose code, at import, does this; None where it is a library's own doing."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(str(ROOT)) and ".venv" not in name and name != __file__:
            return Path(name).name
        if "importlib" not in name:
            return None
        frame = frame.f_back  # type: ignore[assignment]
    return None


def watch(event: str, args: tuple[Any, ...]) -> None:
    """Notes files of the product that are opened, files that are written anywhere, and connections."""
    if event == "open" and isinstance(args[0], str | Path):
        path, mode = str(args[0]), str(args[1] or "r")
        code = path.endswith((".py", ".pyc")) or "__pycache__" in path or ".venv" in path
        inside = path.startswith(str(ROOT)) and "/.streamlit/" not in path
        writes = any(sign in mode for sign in "wax+") and not path.startswith(("/dev/", "/proc/"))
        if not code and (inside or writes):
            SEEN.append(f"{path} was opened with mode {mode}")
    elif event in ("sqlite3.connect", "socket.connect", "os.mkdir", "subprocess.Popen") and ours():
        SEEN.append(f"{event} by {ours()}")


def note_environment() -> None:
    """From now on, whoever of ours reads a variable is noted."""
    read = os._Environ.__getitem__

    def noted(self: Any, key: str) -> str:
        if ours():
            SEEN.append(f"the variable {key} was read by {ours()}")
        return str(read(self, key))

    os._Environ.__getitem__ = noted  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.addaudithook(watch)
    note_environment()
    for name in sys.argv[2:]:
        importlib.import_module(name)
    if logging.getLogger().handlers:
        SEEN.append("logging was set up")
    print("\n".join(SEEN))  # noqa: T201
