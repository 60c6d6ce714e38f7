"""How the avatar behaves when it is spoken over: real calls over WebRTC with a stack of its own.

    .venv/bin/python bench/interruptions.py --out out/interruptions

Three kinds of call. In the first the user interrupts long answers of the model, with words of many kinds at
many moments. In the second an application lets the avatar tell long stories, and the user says "mhm", laughs
and coughs. In the third all that is received comes back into the microphone, 6 dB weaker and 120 ms late,
without any echo cancelling on the user's side; some answers are interrupted through the echo.

Printed and kept in result.json: decision to interrupt -> last audible sample; speech noticed -> first
attenuated sample; words remembered against words whose sound arrived; backchannels that stopped the avatar;
answers that it interrupted itself. Exit status 1 when something could not be measured.
"""

import argparse
import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

from barge_ins import Calls
from rpckit.bus import connect
from spans import receiving
from turns import progress
from verdicts import Verdicts, print_table, summary
from visavis_cli.stack import Ports, StackError, running_stack
from visavis_cli.talk.errors import TalkError

PARTS = ("interruptions", "backchannels", "echo")


def main() -> int:
    args = parser().parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        verdicts = asyncio.run(bench(args))
    except (StackError, TalkError) as error:
        sys.exit(f"bench/interruptions: {error}")
    result = summary(verdicts)
    (args.out / "result.json").write_text(json.dumps(result | {"details": asdict(verdicts)}, indent=1))
    print_table(result)
    return 1 if verdicts.failures else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--interruptions", type=count, default=10, help="real interruptions (default 10)")
    add("--backchannels", type=count, default=40, help="sounds of a listener (default 40)")
    add("--echo-turns", type=count, default=20, help="questions asked beside a loudspeaker (default 20)")
    add("--echo-interruptions", type=count, default=5, help="answers interrupted there (default 5)")
    add("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts alone")
    add("--out", type=Path, default=Path("out/interruptions"), help="recordings and result.json")
    return made


def count(written: str) -> int:
    """A whole number, 0 to 1000."""
    value = int(written)
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError("must be 0 to 1000")
    return value


async def bench(args: argparse.Namespace) -> Verdicts:
    """Every call of every part, one after another, on one stack."""
    async with AsyncExitStack() as cleanup:
        receiver = await cleanup.enter_async_context(receiving())
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_BSP_SCHEDULE_DELAY": "500",
        }
        log = cleanup.enter_context((args.out / "visavis.log").open("w"))
        progress("starting a stack")
        stack = await cleanup.enter_async_context(
            running_stack(Ports.ephemeral(), env, log=lambda name, line: print(f"{name}: {line}", file=log))
        )
        bus = await cleanup.enter_async_context(connect(stack.nats_url))
        calls = Calls(stack, receiver, bus, args.out)
        parts = {
            "interruptions": lambda: calls.interruptions(args.interruptions),
            "backchannels": lambda: calls.backchannels(args.backchannels),
            "echo": lambda: calls.echo(args.echo_turns, args.echo_interruptions),
        }
        for part in args.only:
            await parts[part]()
            calls.verdicts.load_average[part] = round(os.getloadavg()[0], 2)
        return calls.verdicts


if __name__ == "__main__":
    sys.exit(main())
