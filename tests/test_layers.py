"""The architecture, as a test: every service has the same rooms, and each room knows only its own trade."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVICES = sorted(path for path in ROOT.glob("services/*/visavis_*") if path.is_dir())
NAMES = {service.name for service in SERVICES}
ROOMS = ["__main__.py", "config.py", "engine.py", "server.py", "backends/__init__.py", "backends/fake.py"]
BESIDE = ["README.md", "pyproject.toml", "Dockerfile", "tests"]
MUST_NOT_IMPORT = {
    "engine.py": {"grpc", "google", "visavis", "asyncio", "torch", "opentelemetry", "os"},
    "config.py": {"grpc", "visavis", "torch"},
    "server.py": {"torch", "onnxruntime", "xllamacpp", "hibari", "numba", "os"},
}
# Who may know a library. The gateway's peers are its clients of the four services.
KNOWN_ONLY_IN = {
    "torch": ["backends"],
    "onnxruntime": ["backends"],
    "xllamacpp": ["backends"],
    "ctranslate2": ["backends"],
    "faster_whisper": ["backends"],
    "hibari": ["backends"],
    "aiortc": ["backends"],
    "pywebrtc_audio": ["backends"],
    "apsw": ["backends"],
    "cryptography": ["backends"],
    "tokenizers": ["backends"],
    "grpc": ["server.py", "__main__.py", "peers"],
}
LAZY_NAMES = {"utils.py", "util.py", "common.py", "helpers.py", "misc.py"}
MAIN_LINES = 40

each_service = pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)


def imported(path: Path) -> set[str]:
    """Top-level names of the packages a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_all_five_services_are_here():
    assert {f"visavis_{name}" for name in ("asr", "brain", "tts", "render", "gateway")} == NAMES


@each_service
def test_every_service_has_the_same_rooms(service):
    assert [room for room in ROOMS if not (service / room).exists()] == []
    assert [file for file in BESIDE if not (service.parent / file).exists()] == []


@each_service
def test_rooms_import_only_their_own_trade(service):
    for room, banned in MUST_NOT_IMPORT.items():
        assert imported(service / room) & banned == set(), room


@each_service
def test_libraries_are_known_only_in_their_rooms(service):
    for path in service.rglob("*.py"):
        room = path.relative_to(service).parts[0]
        known = {name for name, rooms in KNOWN_ONLY_IN.items() if room in rooms}
        assert imported(path) & KNOWN_ONLY_IN.keys() <= known, path.relative_to(ROOT)


@each_service
def test_services_do_not_import_each_other(service):
    for path in service.rglob("*.py"):
        assert imported(path) & (NAMES - {service.name}) == set(), path.relative_to(ROOT)


@each_service
def test_main_only_composes(service):
    tree = ast.parse((service / "__main__.py").read_text(encoding="utf-8"))
    defined = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert list(defined) == ["main"]
    assert defined["main"].end_lineno - defined["main"].lineno < MAIN_LINES


def test_rpckit_knows_no_service_and_no_model():
    banned = NAMES | {"visavis", "visavis_cli", "torch", "numpy", "onnxruntime", "av", "aiortc"}
    for path in ROOT.glob("rpckit/rpckit/*.py"):
        assert imported(path) & banned == set(), path.relative_to(ROOT)


def test_the_command_starts_services_and_imports_none():
    for path in ROOT.glob("cli/visavis_cli/**/*.py"):
        assert imported(path) & NAMES == set(), path.relative_to(ROOT)


def test_no_file_has_a_name_that_says_nothing():
    folders = ("rpckit", "services", "cli", "tests", "bench")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*.py") if ".venv" not in path.parts
    ]
    found = [path for path in files if path.name in LAZY_NAMES]
    assert found == []
