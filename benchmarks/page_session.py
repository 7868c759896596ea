"""A session at the server without a browser: opens pages over Streamlit's own websocket, and keeps what was sent."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from typing import Any, NamedTuple

DRAWN = ("delta", "logo", "page_config_changed")  # the messages of which a page consists
PICTURES = ("plotly_chart", "vega_lite_chart")


class Sent(NamedTuple):
    """A page as it was sent: its messages in order, and the seconds from the click until the script had ended."""

    messages: list[Any]
    seconds: float

    @property
    def kinds(self) -> Counter[str]:
        """How many elements of each kind, by Streamlit's names: markdown, dataframe, plotly_chart, button …"""
        return Counter(kind for message in self.messages if (kind := kind_of(message)))

    @property
    def furniture(self) -> str:
        """`143 elements, 310 KiB, 4 data grids, 2 pictures`."""
        kinds = self.kinds
        size = sum(message.ByteSize() for message in self.messages) / 1024
        return (
            f"{kinds.total()} elements, {size:.0f} KiB, {kinds['dataframe']} data grids, "
            f"{sum(kinds[name] for name in PICTURES)} pictures"
        )


def kind_of(message: Any) -> str | None:
    """Streamlit's name of the element that this message draws; None where it draws none."""
    if message.WhichOneof("type") != "delta" or message.delta.WhichOneof("type") != "new_element":
        return None
    return str(message.delta.new_element.WhichOneof("type"))


class Person:
    """One session at the server."""

    def __init__(self, address: str) -> None:
        from websockets.sync.client import connect

        self._open = ExitStack()
        self._socket = self._open.enter_context(
            connect(f"{address.replace('http', 'ws')}/_stcore/stream", max_size=None, origin=address,
                    subprotocols=["streamlit"])
        )  # fmt: skip
        self.errors = 0

    def open(self, title: str) -> float:
        """Seconds until the page has been sent as a whole; a page that shows an error counts in `errors`."""
        return self.fetch(title).seconds

    def fetch(self, title: str) -> Sent:
        """The page as it was sent."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.page_name = "" if title == "Home" else title.replace(" ", "_")
        asked.rerun_script.query_string = ""
        messages: list[Any] = []
        began = time.perf_counter()
        self._socket.send(asked.SerializeToString())
        started = False
        while True:
            told = ForwardMsg()
            told.ParseFromString(self._socket.recv(timeout=120))
            kind = told.WhichOneof("type")
            if kind == "new_session":
                started = True
            if started and kind in DRAWN:
                messages.append(told)
            if kind == "delta" and told.delta.new_element.WhichOneof("type") == "exception":
                self.errors += 1
            if kind == "delta" and told.delta.new_element.alert.format == 1:
                self.errors += 1
            if kind == "script_finished" and started:
                return Sent(messages, time.perf_counter() - began)

    def leave(self) -> None:
        """Nothing; the session is closed."""
        self._open.close()
