"""What the documents point at exists: files, pictures and settings."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings
from visavis_asr.config import Config as Asr
from visavis_brain.config import Config as Brain
from visavis_gateway.config import Config as Gateway
from visavis_render.config import Config as Render
from visavis_tts.config import Config as Tts

ROOT = Path(__file__).parent.parent
SERVICES: tuple[type[BaseSettings], ...] = (Asr, Brain, Tts, Render, Gateway)
NOT_OURS = {"node_modules", "models", "gen", "out"}
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
VARIABLE = re.compile(r"\b(?:ASR|BRAIN|TTS|RENDER|GATEWAY)_[A-Z][A-Z0-9_]*")


def pages() -> list[Path]:
    """Every Markdown file of the project; not those of packages or of hidden directories."""
    found = (path for path in ROOT.rglob("*.md"))
    return sorted(
        path
        for path in found
        if not any(part in NOT_OURS or part.startswith(".") for part in path.relative_to(ROOT).parts)
    )


def settings() -> set[str]:
    """The names of all settings, without what is nested in them; and those of compose.yaml."""
    names = {
        f"{each.model_config['env_prefix']}{field}".upper()
        for each in SERVICES
        for field in each.model_fields
    }
    return names | set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text("utf-8")))


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = (md or html for md, html in LINK.findall(CODE.sub("", page.read_text("utf-8"))))
    files = {link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)}
    assert [file for file in sorted(files) if not (page.parent / file).exists()] == []


# The changelog names what there was, too.
@pytest.mark.parametrize(
    "page", [p for p in pages() if p.name != "CHANGELOG.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_variables_exist(page: Path) -> None:
    named = {name.split("__")[0].rstrip("_") for name in VARIABLE.findall(page.read_text("utf-8"))}
    assert named - settings() == set()


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [page.name for page in sorted(ROOT.glob("docs/*.md")) if f"docs/{page.name}" not in readme] == []


def test_the_readme_tells_the_pauses_that_are_set() -> None:
    fields = Gateway.model_fields
    told = f"{fields['shortest_wait_ms'].default}, {fields['longest_wait_ms'].default}"
    assert f"| {told} |" in (ROOT / "README.md").read_text("utf-8")
