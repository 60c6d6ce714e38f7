"""python fake_up.py ARG...: `visavis up ARG...` with a real nats-server and a gateway that only pretends."""

import os
import sys
from pathlib import Path

from visavis_cli import __main__, environment, programs, stack


def plan(ports, env, models_dir):
    nats = programs.plan(ports, env, models_dir)[0]
    command = [sys.executable, str(Path(__file__).with_name("fake_gateway.py")), str(ports.gateway)]
    tls = {name: env[name] for name in (programs.TLS_CERT, programs.TLS_KEY) if name in env}
    return [nats, programs.Program("gateway", command, f"127.0.0.1:{ports.gateway}", tls)]


stack.plan = plan
environment.tls_dir = lambda: Path(os.environ["TLS_DIR"])
__main__.main(["up", *sys.argv[1:]])
