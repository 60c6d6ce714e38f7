import shutil
import sys
from collections import namedtuple

import pytest
from visavis_cli import doctor
from visavis_cli.manifest import Manifest
from visavis_cli.models import Store
from visavis_cli.ports import Ports
from visavis_cli.programs import StackError


@pytest.fixture
def one_model(monkeypatch, weight_file, model_of):
    model = model_of(weight_file())
    monkeypatch.setattr(doctor, "read_manifest", lambda: Manifest(model=(model,)))
    return model


def test_this_machine_is_looked_at_from_every_side(models_dir):
    found = list(doctor.examine({}, models_dir))
    assert {
        "python",
        "packages",
        "project",
        "nats",
        "model",
        "processor",
        "memory",
        "disk",
        "microphone",
    } <= {finding.subject for finding in found}
    assert [f for f in found if f.verdict == "fail" and f.subject != "stack"] == []


def test_an_old_python_is_a_failure(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 9))
    assert doctor.python_version().verdict == "fail"


def test_a_missing_package_says_make_setup(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no-such-package"))
    finding = doctor.packages()
    assert (finding.verdict, finding.detail) == ("fail", "missing: no-such-package. Run `make setup`")


def test_a_missing_nats_server_is_a_failure(monkeypatch):
    def missing():
        raise StackError("nats-server is missing: run `make setup`")

    monkeypatch.setattr(doctor, "nats_server", missing)
    assert doctor.nats() == doctor.Finding("fail", "nats", "nats-server is missing: run `make setup`")


def test_models_are_missing_verified_damaged_or_not_needed(one_model, models_dir, mirror, progress):
    assert [f.verdict for f in doctor.models({}, models_dir)] == ["warn"]
    Store(models_dir).pull([one_model], [mirror], progress)
    assert [f.verdict for f in doctor.models({}, models_dir)] == ["ok"]
    (models_dir / one_model.file[0].path).write_bytes(b"bad")
    assert [f.verdict for f in doctor.models({}, models_dir)] == ["fail"]
    assert [f.verdict for f in doctor.models({"ASR_BACKEND": "fake"}, models_dir)] == ["ok"]


def test_a_full_disk_is_a_warning(monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    assert doctor.disk(tmp_path / "not" / "yet").verdict == "warn"


def test_a_taken_port_is_a_warning_that_names_the_option(monkeypatch):
    ports = Ports.ephemeral()
    monkeypatch.setattr(doctor, "Ports", lambda: ports)
    monkeypatch.setattr(doctor, "why_not_free", lambda port: "it is taken" if port == ports.nats else None)
    found = list(doctor.network({}))
    assert [f.verdict for f in found] == ["warn", "ok"]
    assert "--base-port" in found[0].detail


def test_the_exit_code_is_1_when_something_failed(monkeypatch, capsys):
    bad = doctor.Finding("fail", "python", "too [old]")
    monkeypatch.setattr(doctor, "examine", lambda env, models_dir: iter([bad]))
    assert doctor.run(None) == 1
    assert capsys.readouterr().out == "fail python       too [old]\n"
