import pytest
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from rpckit.settings import ServerSettings, load


class Config(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DEMO_", env_nested_delimiter="__", frozen=True)

    server: ServerSettings = ServerSettings()
    slots: int = Field(default=4, ge=1, le=8)


def test_values_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("DEMO_SLOTS", "2")
    monkeypatch.setenv("DEMO_SERVER__SHUTDOWN_GRACE_S", "1.5")
    config = load(Config)
    assert (config.slots, config.server.shutdown_grace_s) == (2, 1.5)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DEMO_SLOTZ", "2", "DEMO_SLOTZ"),
        ("DEMO_SLOTS", "9", "DEMO_SLOTS: Input should be less than or equal to 8"),
        ("DEMO_SLOTS", "many", "DEMO_SLOTS: Input should be a valid integer"),
        ("DEMO_SERVER__LISTEN", "x", "DEMO_SERVER"),
    ],
)
def test_what_is_wrong_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=said):
        load(Config)
