"""The files of a deployment agree with each other and with the services' settings."""

import ast
import importlib.util
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import SecretStr
from pydantic_settings import BaseSettings
from visavis_asr.config import Config as AsrConfig
from visavis_brain.config import Config as BrainConfig
from visavis_cli import profile as profiles
from visavis_gateway.config import Config as GatewayConfig
from visavis_gateway.config import parse_ports
from visavis_gateway.reach import parse_advertised
from visavis_render.config import Config as RenderConfig
from visavis_tts.config import Config as TtsConfig

ROOT = Path(__file__).parents[1]
COMPOSE, GPU = (
    yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) for name in ("compose.yaml", "compose.gpu.yaml")
)
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SERVICES = COMPOSE["services"]
CONFIGS: dict[str, type[BaseSettings]] = {
    "asr": AsrConfig,
    "brain": BrainConfig,
    "tts": TtsConfig,
    "render": RenderConfig,
    "gateway": GatewayConfig,
}
PACKAGES = {name: f"services/{name}" for name in CONFIGS} | {"models": "cli"}
PROVIDERS = packages_distributions()
ONE_SHOT = {"models", "ollama-model"}
BY_COMPOSE = {"COMPOSE_PROFILES", "COMPOSE_FILE"}
VARIABLE = re.compile(r"\$\{(\w+)(?::?[-+]|\})")

each_of_ours = pytest.mark.parametrize("name", CONFIGS)
each_image = pytest.mark.parametrize("name", PACKAGES)


def settings_of(name: str) -> set[str]:
    """The variables that a service knows."""
    return {f"{name}_{field}".upper() for field in CONFIGS[name].model_fields}


def chosen(text: str) -> str:
    """A value of compose.yaml when nobody has set anything."""
    while found := re.search(r"\$\{\w+(?::-((?:[^${}]|\{\})*)|:\+[^}]*)\}", text):
        text = text[: found.start()] + (found[1] or "") + text[found.end() :]
    return text


def dockerfile_of(name: str) -> str:
    return (ROOT / SERVICES[name]["build"]["dockerfile"]).read_text(encoding="utf-8")


def making_of(name: str) -> list[str]:
    """The stage of an image that fills /opt/visavis, without what is its own."""
    first = dockerfile_of(name).split("\nFROM ")[1]
    common = re.sub(r"# For Whisper.*?; fi\n", "", first, flags=re.DOTALL).replace(PACKAGES[name], "THIS")
    return common.replace(" && /opt/visavis/bin/pip uninstall -qy pip", "").split("\n")


def image_maker() -> Any:
    """deploy/image.py, which no package holds."""
    spec = importlib.util.spec_from_file_location("image", ROOT / "deploy/image.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def with_needs(names: list[str]) -> set[str]:
    """Distributions, and all that they need in turn, as an image without extras gets them."""
    found: set[str] = set()
    wanted = [Requirement(name) for name in names]
    while wanted:
        each = wanted.pop()
        if (name := canonicalize_name(each.name)) in found:
            continue
        found.add(name)
        needs = map(Requirement, requires(each.name) or ())
        wanted += [need for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    return found


def imported(*packages: Path) -> set[str]:
    """Top-level names of what the code of packages imports, at once or later."""
    code = [path for package in packages for path in package.rglob("*.py") if "tests" not in path.parts]
    found: set[str] = set()
    for node in (node for path in code for node in ast.walk(ast.parse(path.read_text("utf-8")))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_bounded_and_has_few_rights(name):
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["pids_limit"] <= 500
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")
    assert "latest" not in service["image"]


@each_of_ours
def test_an_image_is_asked_where_its_service_listens(name):
    text, port = dockerfile_of(name), {"gateway": "8080"}.get(name)
    port = port or str(CONFIGS[name]().server.listen_address.rsplit(":", 1)[1])
    assert f"EXPOSE {port}\n" in text
    assert port in text.split("HEALTHCHECK")[1].split("\n")[0]
    assert text.rstrip().split("USER 10001:10001\n")[1], "not root at the end"
    if name != "gateway":
        assert SERVICES["gateway"]["environment"][f"GATEWAY_{name.upper()}_TARGET"] == f"{name}:{port}"
        assert SERVICES[name]["environment"][f"{name.upper()}_SERVER__LISTEN_ADDRESS"] == f"0.0.0.0:{port}"


@each_image
def test_images_are_made_alike(name):
    assert making_of(name) == making_of("asr")


@each_image
def test_an_image_has_what_its_code_imports(name):
    packages = [ROOT / "rpckit", ROOT / PACKAGES[name]]
    there = with_needs([need for each in packages for need in image_maker().dependencies(each)])
    own = {"rpckit", "visavis", f"visavis_{Path(PACKAGES[name]).name}"} | sys.stdlib_module_names
    extras = tomllib.loads((packages[1] / "pyproject.toml").read_text("utf-8"))["project"]
    optional = str(extras.get("optional-dependencies"))
    for module in imported(*packages) - own:
        providers = set(map(canonicalize_name, PROVIDERS.get(module, ())))
        assert providers & there or module in optional, f"{module} is not in the image"


@each_image
def test_what_images_copy_is_sent_to_the_engine(name):
    ignored = [line.removeprefix("**/") for line in (ROOT / ".dockerignore").read_text().split("\n")]
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile_of(name), re.MULTILINE)
    for source in " ".join(copies).split():
        assert (ROOT / source).exists(), source
        assert not {*Path(source).parts} & {*ignored}, source


def test_every_renderer_that_compiles_has_done_so_in_the_image():
    [named] = re.findall(r"for avatar in (.+?); do", dockerfile_of("render"))
    folder = ROOT / "services/render/visavis_render/avatars"
    renderers = {
        path.parent.name: tomllib.loads(path.read_text("utf-8"))["renderer"]
        for path in folder.glob("*/avatar.toml")
    }
    compiling = {each for each in renderers.values() if each not in ("fake", "clapper")}
    assert {renderers[name] for name in named.split()} == compiling


@each_of_ours
def test_compose_sets_only_what_services_know(name, monkeypatch):
    prefixes = tuple(f"{each.upper()}_" for each in CONFIGS)
    known = set().union(*map(settings_of, CONFIGS))
    for file in (COMPOSE, GPU):
        environment = file["services"].get(name, {}).get("environment", {})
        given = {key.split("__")[0] for key in environment if key.startswith(prefixes)}
        assert given <= known
    for key, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(key, chosen(value))
    CONFIGS[name]()


@each_of_ours
def test_a_profile_stands_behind_what_the_user_sets(name):
    profile, own = SERVICES[name]["env_file"]
    assert own == {"path": ".env", "required": False}
    assert (ROOT / chosen(profile["path"])).is_file()
    for each in profiles.NAMES:
        assert (ROOT / profile["path"].replace("${VISAVIS_PROFILE:-small}", each)).is_file()
    assert not set(SERVICES[name]["environment"]) & set(profiles.settings_of("auto"))
    assert "--profile ${VISAVIS_PROFILE:-small}" in SERVICES["models"]["command"]


def test_a_secret_is_known_only_to_its_service():
    for owner, config in CONFIGS.items():
        secrets = [f for f, info in config.model_fields.items() if "SecretStr" in str(info.annotation)]
        for secret in (f"{owner}_{each}".upper() for each in secrets):
            for other in CONFIGS.keys() - {owner}:
                assert SERVICES[other]["environment"][secret] in ("", "{}"), f"{other} gets {secret}"
            assert secret not in SERVICES[owner]["environment"]
    assert SecretStr.__name__ in str(BrainConfig.model_fields["api_key"].annotation)


def test_the_example_names_what_compose_and_the_services_read():
    read = set(
        VARIABLE.findall((ROOT / "compose.yaml").read_text() + (ROOT / "compose.gpu.yaml").read_text())
    )
    read = {name for name in read if not name.startswith("OTEL_")} | {"PIP_INDEX_URL"}
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))
    known = set().union(*map(settings_of, CONFIGS))
    assert read <= named, "every variable is explained"
    assert named <= read | known | BY_COMPOSE, "nothing is offered that nobody reads"


def test_calls_come_in_at_ports_that_are_published():
    gateway = SERVICES["gateway"]
    ports = chosen(gateway["environment"]["GATEWAY_UDP_PORTS"])
    assert chosen(gateway["ports"][1]) == f"127.0.0.1:{ports}:{ports}/udp"
    assert len(parse_ports(ports)) > GatewayConfig().max_sessions
    assert parse_advertised(chosen(gateway["environment"]["GATEWAY_ADVERTISED_ADDRESS"])) == ("request",)


@each_of_ours
def test_who_loads_weights_waits_for_them_and_can_read_them(name):
    if "models_dir" in CONFIGS[name].model_fields:
        service = SERVICES[name]
        assert service["environment"][f"{name.upper()}_MODELS_DIR"] == "/models"
        assert chosen(service["volumes"][0]) == "models:/models:ro"
        assert service["depends_on"]["models"] == {"condition": "service_completed_successfully"}


def test_prometheus_asks_every_service_at_its_port():
    [job] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    targets = {each["labels"]["service"]: each["targets"] for each in job["static_configs"]}
    ports = {name: SERVICES[name]["environment"]["OTEL_EXPORTER_PROMETHEUS_PORT"] for name in CONFIGS}
    assert targets == {name: [f"{name}:{port}"] for name, port in ports.items()}


def test_files_that_are_mounted_are_there():
    mounted = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    for source in (volume.split(":")[0] for volume in mounted if volume.startswith("./")):
        assert (ROOT / source).exists(), source


def test_the_gpu_file_changes_services_that_are_there():
    new: dict[str, Any] = {name: s for name, s in GPU["services"].items() if name not in SERVICES}
    assert set(new) == {"ollama", "ollama-model"}
    assert all(service["mem_limit"] and service["pids_limit"] for service in new.values())
