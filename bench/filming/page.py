"""The page of all clips."""

from collections.abc import Mapping
from pathlib import Path

from filming.figures import MAX_SKIPPED, Figures
from filming.scripts import SCRIPTS

HEAD = """\
# Every avatar in a conversation

One real call with each avatar, about a minute long: speech was sent over WebRTC to the whole stack, and \
what came back is in the clip, with both voices on one track. The contact sheets show all that the face can \
do (mouth shapes, lids, gazes, turns of the head, feelings, behaviour), and in their last two rows pictures \
that were received in the call, with what the avatar was doing and at which second. Faces and voices are \
AI-generated; each clip says so in its own tags, too.

The caller is the speech engine hibari, lowered. Where hibari speaks for the avatar as well, it is with its \
only voice, for men, too; `--kokoro` gives each of them a voice of its own. What the avatars say is up to \
the small language model that ships; nothing was chosen or cut.

```sh
.venv/bin/python bench/clips.py --out docs/clips       # makes this page; wants a machine that is not busy
```

*Skipped* are frames that were not drawn because the machine was late with them, *late* are those that came \
40 ms later than the median, and the *longest hold* is how long one picture stood at most while the face had \
something to do. Milliseconds before an answer are from the caller's last sample sent to the first one heard.

| avatar | clip | voice | frames | skipped | late | longest hold | sound before picture | load | filmed |
|---|---|---|---|---|---|---|---|---|---|
"""


def write_page(folder: Path, clips: Mapping[str, Figures]) -> None:
    """Write README.md for the clips of a folder, in the order of the scripts."""
    shown = {name: clips[name] for name in SCRIPTS if name in clips}
    rows = [_row(name, each) for name, each in shown.items()]
    parts = [_part(name, each) for name, each in shown.items()]
    (folder / "README.md").write_text("\n".join([HEAD + "\n".join(rows), *_notes(shown), *parts]), "utf-8")


def _row(name: str, it: Figures) -> str:
    before, after = it["load"]
    offset = it["av_offset_ms"]
    cells = (
        f"[{it['title']}](#{it['title'].lower().replace(' ', '-')})",
        f"[{it['seconds']:.0f} s]({name}.mp4)",
        it["voice"],
        str(it["frames"]),
        f"{it['skipped']} ({100 * it['skipped_share']:.1f} %)",
        str(it["late"]),
        f"{it['longest_gap_ms']} ms",
        f"{offset['median']} ms, p95 {offset['p95']}",
        f"{before} to {after}",
        f"{it['filmed_time'][:10]}, {it['commit']}, {it['cores']} cores",
    )
    return f"| {' | '.join(cells)} |"


def _notes(clips: Mapping[str, Figures]) -> list[str]:
    """Which calls were held on a busy machine."""
    busy = [each["title"] for each in clips.values() if each["skipped_share"] > MAX_SKIPPED]
    if not busy:
        return [""]
    return [
        "",
        f"**Filmed on a busy machine**, so that pictures are missing: {', '.join(busy)}.",
        "",
    ]


def _part(name: str, it: Figures) -> str:
    about = SCRIPTS[name].about
    lines = [f"## {it['title']}", "", *([about, ""] if about else [])]
    lines += [f"[**The clip**]({name}.mp4), {it['seconds']:.0f} seconds. In words:", ""]
    lines += [f"> *{it['title']}:* {_plain(it['greeting'])}  "]
    for turn in it["turns"]:
        after = f" *({turn['voice_to_voice_ms']:.0f} ms)*" if turn["voice_to_voice_ms"] is not None else ""
        lines.append(f"> *Caller:* {turn['said']}{_misheard(turn)}  ")
        lines.append(f"> *{it['title']}:*{after} {_plain(turn['reply']) or '(no answer)'}  ")
    lines += ["", f"[![{it['title']}: contact sheet]({name}.jpg)]({name}.mp4)", ""]
    return "\n".join(lines)


def _misheard(turn: Figures) -> str:
    """What the ear wrote down, where that differs in more than marks and case."""
    said, heard = (
        "".join(c for c in text.lower() if c.isalnum()) for text in (turn["said"], turn["transcript"])
    )
    return f" (heard: {_plain(turn['transcript'])})" if heard and heard != said else ""


def _plain(text: str) -> str:
    """One line that Markdown shows as it is."""
    line = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*_<>[]|#" else c for c in line)
