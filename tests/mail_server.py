"""A real mail server on this machine, for tests that send."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from analytics.smtp import SmtpOptions

controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")


@dataclass
class Desk:
    """What a mail server got, whom and what it refuses, and whom it puts off."""

    got: list[Any] = field(default_factory=list)
    refuses: tuple[str, ...] = ()
    defers: tuple[str, ...] = ()
    data: str = "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, who: str, options: Any) -> str:  # noqa: N802
        """Refuse some recipients, in words that would act on a terminal."""
        if who in self.refuses:
            return "550 no such\x1b[31m person"
        if who in self.defers:
            return "451 4.7.1 grey list, try later"
        envelope.rcpt_tos.append(who)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the mail."""
        self.got.append(envelope)
        return self.data


def free_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(desk: Desk, **options: Any) -> Iterator[int]:
    """A real mail server on this machine; gives its port."""
    port = free_port()
    server = controller.Controller(desk, hostname="127.0.0.1", port=port, server_hostname="localhost", **options)
    server.start()
    try:
        yield port
    finally:
        server.stop()


def plain_options(port: int) -> SmtpOptions:
    """How to speak to a server of this machine that asks for nothing."""
    return SmtpOptions(host="127.0.0.1", port=port, security="none", timeout=5)
