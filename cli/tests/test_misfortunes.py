"""What `visavis up` says when weights can't be loaded: the service's own advice, not a stack trace."""

import sys
from pathlib import Path

import pytest
from visavis_cli import environment
from visavis_cli.ports import Ports
from visavis_cli.programs import Program, StackError, plan
from visavis_cli.stack import running_stack

pytestmark = pytest.mark.models

WITHIN_S = 120


async def why_it_did_not_start(name: str, command: list[str], env: dict[str, str]) -> str:
    """The words of a stack whose one service has a misfortune."""
    ports = Ports.ephemeral()
    usual = {each.name: each for each in plan(ports, {}, environment.models_dir())}
    program = Program(name, command, usual[name].target, {**usual[name].env, **env})
    gateway = Program("gateway", [sys.executable, "-c", "import time; time.sleep(600)"], "127.0.0.1:1")
    with pytest.raises(StackError) as caught:
        async with running_stack(
            ports, {}, programs=[usual["nats"], program, gateway], ready_within_s=WITHIN_S
        ):
            pytest.fail("it can't be ready")
    return str(caught.value)


async def test_damaged_weights_say_how_to_get_good_ones(tmp_path: Path):
    damaged = tmp_path / "silero-vad" / "silero_vad.onnx"
    damaged.parent.mkdir()
    damaged.write_bytes(b"no model" * 1000)
    why = await why_it_did_not_start(
        "asr", [sys.executable, "-m", "visavis_asr"], {"ASR_MODELS_DIR": str(tmp_path)}
    )
    assert "asr ended at the start (exit code 1)" in why
    assert f"{damaged} can't be loaded, it may be damaged: run `visavis models verify`" in why
    assert "Traceback" not in why


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space so")
async def test_a_model_that_does_not_fit_says_so():
    limited = ["sh", "-c", f"ulimit -v 650000; exec {sys.executable} -m visavis_brain"]
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each reserves address space
    why = await why_it_did_not_start("brain", limited, one_thread)
    assert "not enough memory to load" in why
    assert "close other programs, or choose a smaller model" in why
    assert "Traceback" not in why
