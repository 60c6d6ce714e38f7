"""`visavis up`: the models, a stack, one log; Ctrl-C stops it all."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from visavis_cli import environment, models_command, profile
from visavis_cli.certificate import Certificate, Names, certificate_in, names_of_this_machine
from visavis_cli.log import LogWriter
from visavis_cli.manifest import read_manifest
from visavis_cli.models import Store
from visavis_cli.ports import Ports
from visavis_cli.programs import METRICS_PORT, TLS_CERT, TLS_KEY, StackError, backends_of, needs_weights
from visavis_cli.stack import Stack, running_stack

HIGHEST_PORT = 65535
# SIGINT too: asyncio leaves it alone where a shell that starts us in the background has ignored it.
ENDED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def port(text: str) -> int:
    """A port number, for argparse."""
    number = int(text)
    if not 0 < number <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"must be 1 to {HIGHEST_PORT}")
    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Profile, ports, telemetry, and an answer for programs that start us."""
    parser.add_argument(
        "--profile",
        choices=profile.NAMES,
        help=f"which engines (default: {environment.PROFILE}, else {profile.DEFAULT}; docs/profiles.md)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--base-port",
        type=port,
        metavar="N",
        help="use ports N to N+5 in place of 8080, 50051 to 50054, 4222",
    )
    where.add_argument("--ephemeral", action="store_true", help="use whatever ports are free")
    parser.add_argument("--port", type=port, metavar="N", help="port of the page (default: 8080)")
    parser.add_argument(
        "--tls",
        action="store_true",
        help="serve the page over https, with a certificate of its own, to every device on the network",
    )
    parser.add_argument(
        "--otlp", metavar="URL", help="send traces and metrics there, e.g. http://localhost:4317"
    )
    parser.add_argument(
        "--metrics",
        type=port,
        metavar="N",
        help="show metrics to Prometheus on ports N to N+4: gateway, asr, brain, tts, render",
    )
    parser.add_argument(
        "--json-ready",
        action="store_true",
        help="when ready, print one JSON object on standard output; the log goes to standard error",
    )
    parser.epilog = (
        "Settings of the services (BRAIN_BACKEND=openai, ASR_..., GATEWAY_...) are passed on to them."
    )


def choose_ports(arguments: argparse.Namespace, env: Mapping[str, str]) -> Ports:
    """The ports that the options and GATEWAY_PORT ask for."""
    ports = Ports()
    if arguments.base_port:
        if arguments.base_port + len(ports.by_name()) - 1 > HIGHEST_PORT:
            raise StackError(f"--base-port must leave room for {len(ports.by_name())} ports")
        ports = Ports.from_base(arguments.base_port)
    elif arguments.ephemeral:
        ports = Ports.ephemeral()
    elif env.get("GATEWAY_PORT", "").isdecimal():
        ports = Ports(gateway=int(env["GATEWAY_PORT"]))
    return Ports(**{**ports.by_name(), "gateway": arguments.port}) if arguments.port else ports


def run(arguments: argparse.Namespace) -> int:
    """Runs until Ctrl-C or SIGTERM (0), or until it can't start (1)."""
    env = environment.current() | profile_of(arguments)
    with LogWriter(Console(stderr=arguments.json_ready, highlight=False)) as log:
        try:
            env = profile.applied(env)
            if lacking := profile.lacks(env):
                raise StackError(lacking)
            ports = choose_ports(arguments, env)
            if not fetch(env, log):
                return 1
            tell_profile(env, log)
            asyncio.run(stay_up(ports, arguments, log))
        except StackError as error:
            log("visavis", str(error))
            return 1
        except (KeyboardInterrupt, asyncio.CancelledError):  # we are outside of every task
            log("visavis", "stopped")
    return 0


def profile_of(arguments: argparse.Namespace) -> dict[str, str]:
    """What the options say about the profile, as its variable."""
    return {environment.PROFILE: arguments.profile} if arguments.profile else {}


def fetch(env: Mapping[str, str], log: LogWriter) -> bool:
    """Get what the services will load; False when it can't be had.

    `auto` does without the larger model.
    """
    store = Store(environment.models_dir())
    models = [m for m in read_manifest().wanted(backends_of(env)) if needs_weights(m.service, env)]
    spare = [model for model in models if model.group == "large" and profile.chooses(env)]
    if models_command.pull(store, [model for model in models if model not in spare]) != 0:
        return False
    if models_command.pull(store, spare) != 0:
        log("visavis", "going on without the larger model")
    return True


def tell_profile(env: Mapping[str, str], log: LogWriter) -> None:
    """Say which engines there will be; measures when that was never done. Raises StackError."""
    if profile.chooses(env):
        log("visavis", "choosing the language model (the first time, the machine is measured: half a minute)")
        chosen = profile.choice(env, environment.models_dir(), measures=True)
        assert chosen is not None
        log("visavis", f"{Path(chosen.model_file).stem}, {chosen.why}")
    elif profile.name_in(env) != profile.DEFAULT:
        log("visavis", f"profile {profile.name_in(env)}")


async def stay_up(ports: Ports, arguments: argparse.Namespace, log: LogWriter) -> None:
    """Start, say that it is ready, wait to be stopped."""
    task = asyncio.current_task()
    assert task is not None
    for number in ENDED_BY:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    extra = telemetry_of(arguments) | profile_of(arguments)
    names = names_of_this_machine()
    certificate = own_certificate(names) if arguments.tls else None
    if certificate is not None:
        extra |= to_the_network(certificate, environment.current())
    log("visavis", "starting (Ctrl-C stops)")
    async with running_stack(ports, extra, log) as stack:
        log("visavis", f"ready on {stack.url} after {stack.ready_after_s:.1f} s")
        if certificate is not None:
            for line in invitation(certificate, names, ports.gateway):
                log("visavis", line)
        if arguments.json_ready:
            announce(stack)
        await asyncio.Event().wait()


def telemetry_of(arguments: argparse.Namespace) -> dict[str, str]:
    """What the options say about where traces and metrics go, as OpenTelemetry's variables."""
    extra = {"OTEL_EXPORTER_OTLP_ENDPOINT": arguments.otlp} if arguments.otlp else {}
    if arguments.metrics:
        extra["OTEL_METRICS_EXPORTER"] = "otlp,prometheus" if arguments.otlp else "prometheus"
        extra[METRICS_PORT] = str(arguments.metrics)
    return extra


def own_certificate(names: Names) -> Certificate:
    """This machine's. Raises StackError."""
    try:
        return certificate_in(environment.tls_dir(), names)
    except OSError as error:
        where, why = environment.tls_dir(), error.strerror or error
        raise StackError(
            f"the certificate can't be kept in {where} ({why}): make room, or start without --tls"
        ) from None


def to_the_network(certificate: Certificate, env: Mapping[str, str]) -> dict[str, str]:
    """The gateway's settings: this certificate, and every interface where the user named none."""
    named = {TLS_CERT: str(certificate.cert_file), TLS_KEY: str(certificate.key_file)}
    return {"GATEWAY_HOST": env.get("GATEWAY_HOST", "0.0.0.0"), **named}


def invitation(certificate: Certificate, names: Names, port: int) -> list[str]:
    """Where other devices find the page, and how they know that it is this one."""
    addresses = names.of_the_network or ["localhost"]
    return [
        *(f"on your phone: https://{address}:{port}" for address in addresses),
        "its browser warns once: only this machine has signed the certificate. SHA-256 fingerprint:",
        certificate.fingerprint,
    ]


def announce(stack: Stack) -> None:
    """One line of JSON for the program that started us."""
    ready = {"url": stack.url, "nats_url": stack.nats_url, "ports": stack.ports.by_name()}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
