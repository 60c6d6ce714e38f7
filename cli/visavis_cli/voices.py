"""`visavis voices list | preview`."""

import argparse
import subprocess
from pathlib import Path

from visavis_cli import environment
from visavis_cli.programs import python

MAX_SENTENCE = 600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The two commands and their options."""
    commands = parser.add_subparsers(dest="voices_command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="every voice: its name for a persona, its language, whether it is here")
    preview = commands.add_parser(
        "preview", help="write a sentence as a WAV file", description="Writes NAME.wav for each voice."
    )
    preview.add_argument("voice", nargs="+", help="names as `visavis voices list` shows them")
    preview.add_argument("--say", type=sentence, metavar="TEXT", help="what it says")
    preview.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="default: here")


def sentence(text: str) -> str:
    """What a voice says."""
    if not 1 <= len(text.strip()) <= MAX_SENTENCE:
        raise argparse.ArgumentTypeError(f"must have 1 to {MAX_SENTENCE} characters")
    return text


def run(arguments: argparse.Namespace) -> int:
    """Exit code: 0 when all is well, 1 when a voice is not."""
    if arguments.voices_command == "list":
        return showcase("list")
    options = ("--say", arguments.say or "", "--out", str(arguments.out))
    return max(showcase("preview", voice, *options) for voice in arguments.voice)


def showcase(*words: str) -> int:
    """Run the tts package's own look at voices; it prints what there is to say."""
    env = {"TTS_MODELS_DIR": str(environment.models_dir()), **environment.current()}
    return subprocess.run([*python("visavis_tts.showcase"), *words], env=env).returncode
