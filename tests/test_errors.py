"""Five kinds, one base: a face catches the base, a program reads the kind."""

from __future__ import annotations

import inspect

import errors
from errors import HadesError


def test_there_are_five_kinds_and_each_names_itself() -> None:
    kinds = {
        name
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and kind.__bases__ == (HadesError,)
    }
    assert kinds == {"InputError", "ConfigError", "Unavailable", "Refused", "Conflict"}
    for name in kinds:
        raised = getattr(errors, name)("A sentence.")
        assert (raised.kind, str(raised)) == (name, "A sentence.")
