"""What the Dockerfiles do to fill /opt/visavis, said once for all of them. Run where the sources are:

    python image.py begin                 # environments of the image and of its making; what rpckit needs
    python image.py needs services/asr    # what a package needs, without our own packages
    python image.py code services/asr     # rpckit, the stubs of protos/, and the package itself

`needs` comes before the code is copied, so that a change of our code keeps that layer.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

IMAGE, MAKING = Path("/opt/visavis"), Path("/opt/making")
LOCK = ("-c", "requirements.txt")
MAKERS = ("grpcio-tools", "hatchling", "editables")
SHARED = "rpckit"
WHEELS = Path("/tmp/wheels")


def dependencies(package: Path) -> list[str]:
    """The requirements in a package's pyproject.toml, without our own packages."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [each for each in project["dependencies"] if not each.startswith("visavis-")]


def python(environment: Path, *arguments: object) -> None:
    """Run an environment's Python; ends with its exit code when it fails."""
    command = [str(environment / "bin/python"), *map(str, arguments)]
    if code := subprocess.run(command, check=False).returncode:
        sys.exit(code)


def install(environment: Path, *arguments: object) -> None:
    python(environment, "-m", "pip", "install", "--no-cache-dir", *arguments)


def begin() -> None:
    """Two environments: the making's is left behind, the image's gets what all images have."""
    for environment in (MAKING, IMAGE):
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    install(MAKING, *LOCK, *MAKERS)
    needs(SHARED)


def needs(package: str) -> None:
    """The image gets what a package needs, in the versions of the lock."""
    install(IMAGE, *LOCK, *dependencies(Path(package)))


def code(package: str) -> None:
    """The image gets our code, compiled."""
    [site] = IMAGE.glob("lib/python3*/site-packages")
    protos = sorted(Path("protos").rglob("*.proto"))
    out = (f"--python_out={site}", f"--grpc_python_out={site}")
    python(MAKING, "-m", "grpc_tools.protoc", "-Iprotos", *out, *protos)
    own = [f"./{each}" for each in (SHARED, package)]
    python(MAKING, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", WHEELS, *own)
    install(IMAGE, "--no-deps", *sorted(WHEELS.glob("*.whl")))
    python(IMAGE, "-m", "compileall", "-q", site / "visavis")


STEPS = {"begin": begin, "needs": needs, "code": code}

if __name__ == "__main__":
    STEPS[sys.argv[1]](*sys.argv[2:])
