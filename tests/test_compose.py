"""The files of a deployment agree with each other and with the services' settings."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
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
ONE_SHOT = {"models", "ollama-model"}
BY_COMPOSE = {"COMPOSE_PROFILES", "COMPOSE_FILE"}
VARIABLE = re.compile(r"\$\{(\w+)(?::?[-+]|\})")

each_of_ours = pytest.mark.parametrize("name", CONFIGS)


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
