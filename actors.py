"""Who acts, and what they may do. Every act takes an Actor; every act that changes something asks
`require`.
"""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import normalize

from errors import InputError, Refused

ROLES = ("viewer", "ops", "manager", "admin")  # each may do all that the ones before it may
# Small letters of Cyrillic and Greek that nobody tells from Latin ones (Unicode's confusables.txt, those of names).
_LOOK_ALIKE = str.maketrans("авеіјкмноӏрсѕтухѵһԁԛԝοαβεζηικμνρτυχ", "abeijkmholpcstyxvhdqwoabezhikmnptyx")


@dataclass(frozen=True)
class Actor:
    """A named person (or a named job) with one role."""

    name: str
    role: str = "manager"

    def may(self, role: str) -> bool:
        """Whether this actor's role includes `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


def named_actor(name: str, role: str = "manager") -> Actor:
    """An Actor from what a person typed; InputError when the name is blank, unreadable or too long, or the
    role is none of ROLES."""
    cleaned = " ".join(name.split())
    if not cleaned:
        raise InputError(
            "An actor's name was expected, but it was empty. Say who is acting, e.g. --actor 'Ana Ruiz'."
        )
    if not cleaned.isprintable():
        raise InputError(
            "An actor's name has characters that cannot be shown. Type it again in plain letters."
        )
    if len(cleaned) > 120:
        raise InputError(f"An actor's name has at most 120 characters; this one has {len(cleaned)}.")
    if role not in ROLES:
        raise InputError(f"The role '{role}' is unknown. Use one of: {', '.join(ROLES)}.")
    return Actor(cleaned, role)


def require(actor: Actor, role: str, to_do: str) -> None:
    """Nothing when `actor` may act as `role`; otherwise Refused with a sentence that names what was refused.

    `to_do` completes "... may not": "approve scores", "export leads".
    """
    if not actor.may(role):
        raise Refused(
            f"{actor.name} is signed in as {actor.role} and may not {to_do}; that takes the role {role}. "
            "Ask an administrator to change the role."
        )


def given_reason(reason: str, ask: str = "Say in a few words why this is right.") -> str:
    """The reason of whoever signs, on one line; InputError with `ask` when it is empty."""
    one_line = " ".join(reason.split())
    if not one_line:
        raise InputError(f"A reason was expected, but it is empty. {ask}")
    return one_line


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are spelled: case, blanks and the way that accents are put
    together do not make another one, nor do letters of another alphabet that look alike.
    """
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    """What is compared of a name (Unicode's compatible form, NFKC, without case)."""
    folded = normalize("NFKC", normalize("NFKC", name).casefold())
    return " ".join(folded.translate(_LOOK_ALIKE).split())
