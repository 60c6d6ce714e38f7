"""python -m visavis_tts.showcase list | preview NAME [--say TEXT] [--out DIR]: used by `visavis voices`."""

import argparse
import sys
from pathlib import Path

from rpckit.errors import ServiceError
from rpckit.settings import load

from visavis_tts import showcase
from visavis_tts.config import Config


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    preview = commands.add_parser("preview")
    preview.add_argument("voice")
    preview.add_argument("--say", default="")
    preview.add_argument("--out", type=Path, default=Path())
    arguments = parser.parse_args()
    config = load(Config)
    try:
        if arguments.command == "list":
            for line in showcase.lines(config):
                print(line)
        else:
            print(showcase.preview(arguments.voice, arguments.say, arguments.out, config))
    except (ServiceError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
