"""Which port each program listens on, and whether it is free."""

import errno
import socket
from dataclasses import asdict, dataclass, fields

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """All on the loopback interface, save the gateway where GATEWAY_HOST says otherwise."""

    gateway: int = 8080
    asr: int = 50051
    brain: int = 50052
    tts: int = 50053
    render: int = 50054
    nats: int = 4222

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        """Six ports in a row: gateway, asr, brain, tts, render, nats."""
        return cls(*range(base, base + len(fields(cls))))

    @classmethod
    def ephemeral(cls) -> "Ports":
        """Ports that nothing listened on a moment ago."""
        sockets = [socket.socket() for _ in fields(cls)]
        try:
            for each in sockets:
                each.bind((LOOPBACK, 0))
            return cls(*(each.getsockname()[1] for each in sockets))
        finally:
            for each in sockets:
                each.close()

    def by_name(self) -> dict[str, int]:
        """{"gateway": 8080, ...}."""
        return asdict(self)


def why_not_free(port: int, host: str = LOOPBACK) -> str | None:
    """Why nothing can listen there ("it is taken", ...); None when it can be done."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do it: a connection that has just closed does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return "it is taken" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
    return None
