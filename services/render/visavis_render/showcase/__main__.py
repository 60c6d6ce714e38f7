"""list, check, preview, create, portrait: what `visavis avatar` runs."""

import argparse
import sys
from pathlib import Path

from rpckit.errors import ServiceError
from rpckit.settings import load

from visavis_render.avatar import AvatarDirectory, by_name, names, read_directory
from visavis_render.backends import load_avatar, traits_of, with_background
from visavis_render.backends.vector import use_cache
from visavis_render.config import Config
from visavis_render.manner import manner_of
from visavis_render.showcase.clip import write_clip
from visavis_render.showcase.examine import examine
from visavis_render.showcase.sheet import write_sheet
from visavis_render.showcase.speech import read_speech
from visavis_render.showcase.start import create


def arguments_of(argv: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="visavis avatar")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    for name in ("check", "preview"):
        command = commands.add_parser(name)
        command.add_argument("avatar")
        command.add_argument("--background", default="")
    command.add_argument("--profile", default="")
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--speech", type=Path)
    made = commands.add_parser("create")
    made.add_argument("name")
    made.add_argument("--base", default="mira")
    made.add_argument("--into", type=Path, default=Path())
    made.add_argument("--author", default="")
    portrait = commands.add_parser("portrait")
    portrait.add_argument("picture", type=Path)
    portrait.add_argument("--consent", default="")
    portrait.add_argument("--name", default="")
    portrait.add_argument("--author", default="")
    portrait.add_argument("--into", type=Path, default=Path())
    portrait.add_argument("--finder", type=Path)
    portrait.add_argument("--landmarks", type=Path)
    return parser.parse_args(argv)


def chosen(named: str, config: Config) -> AvatarDirectory:
    """An avatar by name, or by the path of its directory."""
    if "/" in named or Path(named).is_dir():
        return read_directory(Path(named).expanduser())
    return by_name(named, config.avatars_dir)


def show_list(config: Config) -> None:
    """A few lines for each avatar; a broken one says what is wrong."""
    for name, path in sorted(names(config.avatars_dir).items()):
        try:
            directory = read_directory(path)
            traits = traits_of(directory)
        except ServiceError as error:
            print(f"{name:10} broken: {error}")
            continue
        manifest = directory.manifest
        print(f"{name:10} {manifest.name}: {manifest.about}")
        ahead = f"looks {traits.lookahead_us / 1000:g} ms ahead"
        print(
            f"{'':10} {manifest.renderer} ({traits.device}), {ahead}; {manifest.licence}; {manifest.author}"
        )


def make(arguments: argparse.Namespace, config: Config) -> Path:
    """A new avatar's directory, from one that ships or from a portrait."""
    if arguments.command == "create":
        return create(arguments.name, arguments.base, arguments.into, arguments.author)
    use_cache(config.cache_dir.expanduser())
    # Imported late: a kernel fixes its cache when its module is imported.
    from visavis_render.portrait.create import Wish, create_from_portrait

    return create_from_portrait(
        Wish(
            picture=arguments.picture,
            consent=arguments.consent,
            name=arguments.name,
            author=arguments.author,
            into=arguments.into,
            finder=arguments.finder,
            landmarks=arguments.landmarks,
        )
    )


def run(arguments: argparse.Namespace, config: Config) -> None:
    """Do what is asked for; ServiceError says what is wrong with it."""
    if arguments.command == "list":
        show_list(config)
        return
    if arguments.command in ("create", "portrait"):
        print(make(arguments, config))
        return
    directory = with_background(chosen(arguments.avatar, config), arguments.background)
    if arguments.command == "check":
        for line in examine(directory, config):
            print(line)
        return
    manner = manner_of(directory, arguments.profile, config)
    speech = read_speech(arguments.speech) if arguments.speech else None
    avatar = load_avatar(directory, config)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for written in (
        write_sheet(directory, avatar, manner, arguments.out / f"{directory.name}.jpg"),
        write_clip(directory, avatar, manner, speech, arguments.out / f"{directory.name}.mp4"),
    ):
        print(written)


def main() -> None:
    arguments = arguments_of(sys.argv[1:])
    try:
        run(arguments, load(Config))
    except (ServiceError, OSError) as error:
        raise SystemExit(f"visavis avatar: {error}") from None


if __name__ == "__main__":
    main()
