"""Which port each program listens on, and whether it is free."""

import errno
import random
import socket
from dataclasses import asdict, dataclass, fields

LOOPBACK = "127.0.0.1"
# No system gives these to a connection that asks for any port: such a one can't take what was found free.
UNASSIGNED = range(21_000, 32_000)


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
        """Ports that nothing listened on a moment ago, by chance: another stack hardly asks for the same."""
        candidates = random.sample(UNASSIGNED, k=len(UNASSIGNED))
        free = (port for port in candidates if why_not_free(port) is None)
        return cls(*(next(free) for _ in fields(cls)))

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
