"""visavis: start the stack, hold a call from the command line, fetch models, look after the machine."""

import argparse
import errno
import importlib
import sys
from types import ModuleType

from visavis_cli import environment

# Command -> its module, imported only when it is needed: --help stays instant.
COMMANDS = {
    "up": ("visavis_cli.up", "start everything and serve the page", "Starts everything on this machine."),
    "talk": (
        "visavis_cli.talk",
        "hold a call: speak WAV files, record the answers",
        "Speaks recorded questions to the avatar over WebRTC and records the call.",
    ),
    "models": (
        "visavis_cli.models_command",
        "list, fetch and verify the weights",
        "Looks after the weights.",
    ),
    "avatar": (
        "visavis_cli.avatar",
        "list, preview, check and create faces",
        "Looks after the avatars.",
    ),
    "voices": (
        "visavis_cli.voices",
        "list and preview voices",
        "Looks after the voices.",
    ),
    "doctor": ("visavis_cli.doctor", "check this machine and say what to do", "Checks this machine."),
}
INTERRUPTED = 130
ADVICE = {
    errno.ENOSPC: "make room and run the same command again",
    errno.EDQUOT: "your share of it is used up: make room and run the same command again",
    errno.EROFS: "choose a place that can be written to",
    errno.EACCES: "choose a place that you may use, or run it as who may",
}


def parse(argv: list[str]) -> tuple[ModuleType | None, argparse.Namespace]:
    """The command's module and its arguments; argparse exits with 2 on a mistake, with 0 after --help."""
    parser = argparse.ArgumentParser(prog="visavis", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = next((word for word in argv if word in COMMANDS), None)
    module = None
    for name, (path, summary, description) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=description)
        if name == named:
            module = importlib.import_module(path)
            module.add_arguments(subparser)
    return module, parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Run one command and exit with its code; Ctrl-C exits with 130 and without a stack trace."""
    try:
        if unknown := environment.misspelt():
            known = ", ".join(sorted(environment.KNOWN))
            raise SystemExit(f"unknown settings: {', '.join(unknown)}; known: {known}")
        module, arguments = parse(sys.argv[1:] if argv is None else argv)
        assert module is not None  # argparse has refused anything else
        code = int(module.run(arguments))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has left
        code = 0
    except OSError as error:
        if error.errno not in ADVICE:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"{where}{error.strerror}: {ADVICE[error.errno]}", file=sys.stderr)
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
