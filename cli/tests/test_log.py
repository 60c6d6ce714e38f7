import io
import re
import threading

from rich.console import Console
from visavis_cli import log
from visavis_cli.log import LogWriter


class StuckTerminal(io.StringIO):
    """Takes nothing until it is released, like a terminal after Ctrl-S."""

    def __init__(self):
        super().__init__()
        self.released = threading.Event()

    def write(self, text):
        self.released.wait(20)
        return super().write(text)


def test_a_line_has_time_program_and_text():
    out = io.StringIO()
    with LogWriter(Console(file=out)) as write:
        write("asr", "asr listening on port 50051")
        write("nats", "[4711] [INF] Server is ready")
        write("gateway", "\x1b[32mgreen\x1b[0m [not a tag]")
    lines = out.getvalue().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
    assert [line[9:] for line in lines] == [
        "asr      asr listening on port 50051",
        "nats     [INF] Server is ready",
        "gateway  green [not a tag]",
    ]


def test_colour_is_for_terminals(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for is_terminal, expected in ((True, "\x1b[32masr"), (False, " asr")):
        out = io.StringIO()
        with LogWriter(Console(file=out, force_terminal=is_terminal)) as write:
            write("asr", "hello")
        assert expected in out.getvalue()


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    with LogWriter(Console(file=out, force_terminal=True)) as write:
        write("asr", "hello")
    assert "\x1b[32m" not in out.getvalue()


def test_a_terminal_that_stands_still_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(log, "WAITING_LINES", 10)
    out = StuckTerminal()
    with LogWriter(Console(file=out)) as write:
        for number in range(100):
            write("asr", f"line {number}")
        out.released.set()
    assert "lines were not shown)" in out.getvalue()
