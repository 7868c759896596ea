"""A page's own elements, sent again by a script that reads and calculates nothing: the floor of what the page shows.

Kept as the messages in which Streamlit sent the page, and sent again as they are, with two differences: links of the menu lead
to the other pages kept so, and elements of a kind left out become empty ones, which tells what that kind costs.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from benchmarks.page_session import Sent, kind_of

FOLDER = "furniture"
SCRIPT = """
from pathlib import Path
from benchmarks.furniture import send_again
send_again(Path({kept!r}))
"""


def keep(sent: Sent, app: Path, title: str, *, without: Collection[str] = ()) -> None:
    """Nothing; the app in this folder has a page that sends these messages, elements of the kinds in `without` empty."""
    name = again_at(title)
    messages = []
    for message in sent.messages:
        own = type(message)()
        own.CopyFrom(message)
        if kind_of(own) in without:
            own.delta.new_element.empty.SetInParent()
        own.ClearField("hash")
        messages.append(own.SerializeToString().hex())
    kept = app / FOLDER / name
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("\n".join(messages), "ascii")
    if not (page := app / "pages" / f"{name}.py").exists():
        page.write_text(SCRIPT.format(kept=str(kept)), "utf-8")


def send_again(kept: Path) -> None:
    """Nothing; the page of this run has been sent."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    assert context is not None
    places = {Path(page["script_path"]).stem: page for page in context.pages_manager.get_pages().values()}
    for content in kept.read_text("ascii").split():
        message = ForwardMsg()
        message.ParseFromString(bytes.fromhex(content))
        if kind_of(message) == "page_link":
            link = message.delta.new_element.page_link
            if other := places.get(again_at(link.label)):
                link.page, link.page_script_hash = other["url_pathname"], other["page_script_hash"]
        context.enqueue(message)


def again_at(title: str) -> str:
    """The address of the page that sends the elements of this one again."""
    return f"again_{title.replace(' ', '_')}"
