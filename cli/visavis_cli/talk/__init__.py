"""`visavis talk`: a call with the avatar from the command line, recorded and measured."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx

from visavis_cli.readiness import health_of_gateway
from visavis_cli.stack import Ports, StackError, running_stack
from visavis_cli.talk.conversation import converse
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.network import Conditions, conditions_of
from visavis_cli.talk.record import Record
from visavis_cli.talk.recording import write_recording
from visavis_cli.talk.report import report_of, summary
from visavis_cli.talk.speech import Speech, read_speech

DEFAULT_URL = "http://localhost:8080"
ANSWER_WITHIN_S = 5.0
DEFAULT_TIMEOUT_S = 60.0
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `visavis talk`."""
    parser.add_argument(
        "questions", nargs="+", type=Path, metavar="QUESTION.wav", help="asked one after another"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="ANSWER.mp4", help="where the recording goes"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object in place of the summary")
    parser.add_argument(
        "--url", default=None, help=f"the gateway (default {DEFAULT_URL}, started if none runs there)"
    )
    parser.add_argument("--persona", default=None, help="who answers (default: the gateway's own choice)")
    parser.add_argument(
        "--timeout", type=seconds, default=DEFAULT_TIMEOUT_S, metavar="S",
        help="the longest wait for the greeting, and for each answer, to end (default %(default)g s)",
    )  # fmt: skip
    parser.add_argument(
        "--network", default=None, metavar="BAD",
        help="hold the call over a bad network, e.g. loss=2,jitter=50,reorder=2,rate=300,delay=40,blackout=2 "
        "(%%, ms, %%, kbit/s, ms, s)",
    )  # fmt: skip


def seconds(text: str) -> float:
    """A positive number of seconds."""
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError("must be above 0 and at most 3600")
    return value


def run(args: argparse.Namespace) -> int:
    """Hold the call, write the recording, print the result; the exit code."""
    record = Record()
    try:
        speeches = [read_speech(path) for path in args.questions]
        require_place(args.out)
        failure, code = call(args, speeches, record)
        recorded = write_recording(args.out, record, identity(record))
    except (TalkError, StackError) as error:
        say(f"visavis talk: {error}")
        return 1
    if failure:
        say(f"visavis talk: {failure}")
    if record.session:
        result = report_of(record, recorded) | ({"error": failure} if failure else {})
        sys.stdout.write(json.dumps(result) + "\n" if args.json else summary(result) + "\n")
    if recorded.pictures:
        say(f"recorded in {args.out}")
    return code


def call(args: argparse.Namespace, speeches: list[Speech], record: Record) -> tuple[str | None, int]:
    """The call itself: why it ended early (None if it didn't), and the exit code for that."""
    try:
        with stoppable():
            conditions = conditions_of(args.network) if args.network else None
            asyncio.run(hold(args.url, args.persona, speeches, args.timeout, record, conditions))
    except KeyboardInterrupt:
        return "stopped", INTERRUPTED
    except (TalkError, StackError) as error:
        return str(error), 1
    return None, 0


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM ends the call as Ctrl-C does, and a shell's background job hears Ctrl-C too."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def hold(
    url: str | None,
    persona: str | None,
    speeches: list[Speech],
    timeout_s: float,
    record: Record,
    conditions: Conditions | None = None,
) -> None:
    """Hold the call with the gateway at `url`, or with a stack of our own if none runs at the usual place."""
    async with AsyncExitStack() as cleanup:
        url = url or await url_of_the_running_one()
        if url is None:
            say(f"nothing runs at {DEFAULT_URL}; starting a stack for this talk")
            stack = await cleanup.enter_async_context(running_stack(Ports.ephemeral()))
            url = stack.url
        await converse(url, persona, speeches, timeout_s, record, say, conditions)


async def url_of_the_running_one() -> str | None:
    """Where the stack of this machine answers, over TLS or not; None when none runs at the usual port."""
    host = DEFAULT_URL.removeprefix("http://")
    if await health_of_gateway(host, ANSWER_WITHIN_S, secure=True) is not None:
        return f"https://{host}"
    return DEFAULT_URL if await answers(DEFAULT_URL) else None


async def answers(url: str) -> bool:
    """Something listens at `url`."""
    try:
        async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False) as http:
            await http.get(f"{url}/api/health")
    except httpx.ConnectError:
        return False
    except httpx.HTTPError:
        return True
    return True


def require_place(out: Path) -> None:
    """TalkError unless the recording can be written there."""
    if out.is_dir():
        raise TalkError(f"{out}: is a directory; name the file")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TalkError(f"{out.parent}: {error.strerror}") from None


def identity(record: Record) -> str:
    """Which session and which traces a recording belongs to."""
    turns = [record.greeting, *(turn for question in record.questions for turn in question.turns)]
    traces = [str(turn["trace_id"]) for turn in turns if turn.get("trace_id")]
    return f"session {record.session.get('session_id')}; traces {', '.join(traces) or 'none'}"


def say(line: str) -> None:
    """One line of progress."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
