"""Films every avatar in a real call of a minute: a small clip, a contact sheet, and a page of them all.

    .venv/bin/python bench/clips.py --out docs/clips

For each avatar one call over WebRTC with a stack of its own: a caller says several things, it answers.
Written: NAME.mp4 (at most 1.5 MB, both voices in it), NAME.jpg (at most 200 kB: all that the face can do, and
frames of the call), figures.json and README.md. The avatar `portrait` is made from Amos' picture.

Skipped and late frames of each call are printed. A call in which more than 2 % of the frames were skipped was
held on a busy machine: it does not take the place of a better one that is there already, unless --force is
given. Exit status 1 when that happened, when a call failed, or when a new clip is not good either.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from filming.caller import Caller
from filming.clip import write_clip
from filming.figures import MAX_SKIPPED, figures_of, keep, kept_in, may_replace, told
from filming.page import write_page
from filming.scripts import PORTRAIT, SCRIPTS
from filming.sheet import write_contact_sheet
from filming.shoot import Take, set_up, shoot
from visavis_cli.stack import StackError
from visavis_cli.talk.errors import TalkError
from visavis_render.avatar import by_name


def main() -> int:
    args = parser().parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="visavis-") as folder:
            unwell = asyncio.run(film(args, Path(folder)))
    except StackError as error:
        sys.exit(f"bench/clips: {error}")
    progress(f"look at {args.out / 'README.md'}" + (f"; not well: {', '.join(unwell)}" if unwell else ""))
    return 1 if unwell else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--avatars", nargs="+", choices=list(SCRIPTS), default=list(SCRIPTS), help="whom to film")
    add("--seconds", type=float, default=60.0, help="of each call, about (default 60)")
    add("--out", type=Path, default=Path("out/clips"), help="where everything goes")
    add("--force", action="store_true", help="replace clips whatever the machine was doing")
    add("--kokoro", action="store_true", help="a voice of its own for each; slow without a GPU")
    return made


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def film(args: argparse.Namespace, folder: Path) -> list[str]:
    """Every call; the avatars whose clip is not good."""
    caller = Caller(folder / "caller")
    scripts = [SCRIPTS[name] for name in args.avatars]
    unwell = []
    progress("starting a stack")
    async with set_up(scripts, folder, with_voices=args.kokoro) as url:
        for script in scripts:
            progress(f"calling {script.title}")
            try:
                take = await shoot(url, script, caller, args.seconds, progress)
                is_well = develop(args, folder, take)
            except TalkError as error:
                progress(f"  {error}")
                is_well = False
            unwell += [] if is_well else [script.avatar]
    return unwell


def develop(args: argparse.Namespace, folder: Path, take: Take) -> bool:
    """Make and keep clip and sheet, if they may take the place of those before; whether the clip is good."""
    name = take.script.avatar
    clip, sheet = folder / f"{name}.mp4", folder / f"{name}.jpg"
    voice = f"kokoro/{take.script.voice}" if args.kokoro else "hibari"
    figures = figures_of(take, write_clip(clip, take.record), voice)
    progress(f"  {told(figures)}")
    if not args.force and not may_replace(figures, kept_in(args.out).get(name)):
        progress("  the clip that is there is better and stays: --force replaces it all the same")
        return False
    directory = by_name(name, folder / "avatars" if name == PORTRAIT else None)
    write_contact_sheet(sheet, directory, take.script.background, take.script.profile, take.record)
    for path in (clip, sheet):
        shutil.copy(path, args.out / path.name)
    write_page(args.out, keep(args.out, name, figures))
    progress(f"  {clip.stat().st_size / 1e6:.2f} MB and {sheet.stat().st_size / 1e3:.0f} kB")
    return bool(figures["skipped_share"] <= MAX_SKIPPED)


if __name__ == "__main__":
    sys.exit(main())
