"""The five kinds of error, told apart by who can mend them.

Every message is a sentence or two for the person in front of the screen: what was expected, what came,
what to do. No secrets, no personal data: messages end up in logs and on pages.
"""

from __future__ import annotations


class HadesError(Exception):
    """Base of all errors this product raises on purpose."""

    @property
    def kind(self) -> str:
        """The name under which programs see the error: InputError, ConfigError, ..."""
        return type(self).__name__


class InputError(HadesError):
    """The person who brought the input can mend it: a file, a form, a command line."""


class ConfigError(HadesError):
    """An administrator can mend it: configuration, secrets, set-up."""


class Unavailable(HadesError):
    """Nobody has to mend it: the other side is not answering now; try later."""


class Refused(HadesError):
    """The other side (Zoho, the database, a rule of this product) said no, and will say no again."""


class Conflict(HadesError):
    """Someone was first: look at what changed and decide again."""
