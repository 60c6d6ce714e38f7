"""Prints what packages need, as one line for pip: python dependencies.py rpckit services/asr.

An image installs this before the packages themselves, so that a change of our code keeps the layer.
"""

import sys
import tomllib
from pathlib import Path


def dependencies(package: Path) -> list[str]:
    """The requirements in a package's pyproject.toml, without our own packages."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [each for each in project["dependencies"] if not each.startswith("visavis-")]


if __name__ == "__main__":
    print(*(each for name in sys.argv[1:] for each in dependencies(Path(name))))
