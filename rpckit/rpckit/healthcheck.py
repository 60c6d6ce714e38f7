"""Asks a service whether it serves, for container engines: `python -m rpckit.healthcheck 50051`.

Speaks the few bytes of HTTP/2 that the standard health check takes. Importing grpc for each question would
cost 0.2 s of processor time, every few seconds and in every container.
"""

import socket
import sys

TIMEOUT_S = 4.0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, GOAWAY = 0, 1, 4, 7
END_STREAM, END_HEADERS = 1, 4
FRAME_HEADER_BYTES = 9
ANY_SERVICE = b"\0\0\0\0\0"  # an empty HealthCheckRequest, not compressed
SERVING = b"\0\0\0\0\2\x08\x01"  # HealthCheckResponse, status = SERVING


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One HTTP/2 frame."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def text(value: bytes) -> bytes:
    """A header's name or value of fewer than 127 bytes, as HPACK writes it without Huffman's code."""
    return bytes([len(value)]) + value


def question() -> bytes:
    """The whole request on stream 1."""
    headers = (
        b"\x83\x86"  # POST, http
        + b"\x04" + text(b"/grpc.health.v1.Health/Check")  # :path
        + b"\x01" + text(b"localhost")  # :authority
        + b"\x0f\x10" + text(b"application/grpc")  # content-type
        + b"\x00" + text(b"te") + text(b"trailers")
    )  # fmt: skip
    return (
        PREFACE
        + frame(SETTINGS, 0, 0, b"")
        + frame(HEADERS, END_HEADERS, 1, headers)
        + frame(DATA, END_STREAM, 1, ANY_SERVICE)
    )


def serves(port: int) -> bool:
    """Whether what listens on this port of the machine says SERVING. Raises OSError when nothing answers."""
    with (
        socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection,
        connection.makefile("rb") as answer,
    ):
        connection.sendall(question())
        while len(header := answer.read(FRAME_HEADER_BYTES)) == FRAME_HEADER_BYTES:
            payload = answer.read(int.from_bytes(header[:3], "big"))
            if header[3] == DATA:
                return payload == SERVING
            if header[3] == GOAWAY:
                return False
    return False


def main() -> None:
    """Exits with 0 when the service serves, else with 1 and a line that says what is wrong."""
    try:
        is_serving = serves(int(sys.argv[1]))
    except OSError as error:
        raise SystemExit(f"no answer: {error.strerror or error}") from None
    if not is_serving:
        raise SystemExit("not serving")


if __name__ == "__main__":
    main()
