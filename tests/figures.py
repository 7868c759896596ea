"""How a long proof tells what it measured."""

import sys


def show(sentence: str) -> None:
    """One line on the terminal, seen when pytest runs with -s, as `make prove` does."""
    sys.stdout.write(f"\n{sentence}\n")
