"""`visavis avatar list | preview | check | create`."""

import argparse
import subprocess
import tempfile
from pathlib import Path

from visavis_cli import environment
from visavis_cli.programs import python

SENTENCE = (
    "Hello! It's a pleasure to meet you. Maybe you have five minutes? "
    "I would love to show you what we have built, and why people trust it."
)
MAX_SENTENCE = 600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The four commands and their options."""
    commands = parser.add_subparsers(dest="avatar_command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="what there is: name, renderer, licence, author")
    check = commands.add_parser("check", help="read, draw and time one; says which file and field is wrong")
    preview = commands.add_parser(
        "preview",
        help="write a contact sheet and a spoken clip",
        description="Writes NAME.jpg (all mouth shapes, blinks, gazes, turns, emotions, behaviours) and "
        "NAME.mp4 (the avatar listens, thinks, says a sentence).",
    )
    for each in (check, preview):
        each.add_argument("avatar", help="name of an avatar, or the path of its directory")
        each.add_argument("--background", default="", help="before another background than its own")
    preview.add_argument("--profile", default="", help="behaving in another way than its own")
    preview.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="default: here")
    preview.add_argument("--say", type=sentence, default=SENTENCE, metavar="TEXT", help="what it says")
    preview.add_argument("--voice", default="", help="the voice (default: the speech service's own)")
    create = commands.add_parser(
        "create",
        help="begin a new character from one that ships, or make one from a portrait photograph",
        description="NAME: makes a directory with avatar.toml and character.json to edit. PICTURE (.jpg, "
        ".png, .webp): makes an avatar of the person in it, who must have agreed; see docs/avatars.md.",
    )
    create.add_argument("name", metavar="NAME|PICTURE", help="a-z, 0-9, - and _; or a photograph")
    create.add_argument("--from", dest="base", default="mira", metavar="AVATAR", help="default: mira")
    create.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="default: here")
    create.add_argument("--author", default="", help="who will have drawn it")
    portrait = create.add_argument_group("from a portrait")
    portrait.add_argument(
        "--consent", default="", metavar="TEXT", help="who is shown and how they agreed; recorded"
    )
    portrait.add_argument(
        "--name", dest="called", default="", metavar="NAME", help="default: the picture's file name"
    )


def sentence(text: str) -> str:
    """What a clip says."""
    if not 1 <= len(text.strip()) <= MAX_SENTENCE:
        raise argparse.ArgumentTypeError(f"must have 1 to {MAX_SENTENCE} characters")
    return text


def run(arguments: argparse.Namespace) -> int:
    """Exit code: 0 when all is well, 1 when the avatar is not."""
    match arguments.avatar_command:
        case "list":
            return showcase("list")
        case "check":
            return showcase("check", arguments.avatar, "--background", arguments.background)
        case "create" if is_picture(arguments.name):
            return from_portrait(arguments)
        case "create":
            options = ("--base", arguments.base, "--into", str(arguments.into), "--author", arguments.author)
            return showcase("create", arguments.name, *options)
        case _:
            return preview(arguments)


def is_picture(name: str) -> bool:
    """Whether a new avatar is asked for by a file rather than by its name."""
    return Path(name).suffix != "" or Path(name).is_file()


def from_portrait(arguments: argparse.Namespace) -> int:
    """Have an avatar made from a photograph; tools/portrait finds the face in it."""
    finder = environment.PROJECT / "tools" / "portrait"
    options = (f"--consent={arguments.consent}", f"--name={arguments.called}", f"--author={arguments.author}")
    into = ("--into", str(arguments.into), "--finder", str(finder))
    return showcase("portrait", arguments.name, *options, *into)


def showcase(*words: str) -> int:
    """Run the render package's own look at avatars; it prints what there is to say."""
    return subprocess.run([*python("visavis_render.showcase"), *words], env=environment.current()).returncode


def preview(arguments: argparse.Namespace) -> int:
    """Check the avatar, have the sentence spoken, and have both files written."""
    from visavis_cli.sentence import SentenceError, speak  # grpc and numpy: only here

    options = ["--background", arguments.background, "--profile", arguments.profile]
    with tempfile.TemporaryDirectory(prefix="visavis-") as folder:
        file = Path(folder) / "speech.npz"
        try:
            speak(arguments.say, arguments.voice, file)
        except SentenceError as error:
            raise SystemExit(f"visavis avatar: {error}") from None
        words = (arguments.avatar, *options, "--out", str(arguments.out), "--speech", str(file))
        return showcase("preview", *words)
