"""Where a face is: 478 landmarks in MediaPipe's order, found by a program with an environment of its own."""

import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rpckit.errors import InvalidInput

from visavis_render.portrait.picture import Portrait
from visavis_render.portrait.raster import Array

COUNT, SKIN = 478, 468  # the last ten are the irises
TIMEOUT_S = 300
SIDES = ("left", "right")  # of the picture
# Along each lid from the picture's left to its right.
UPPER_LID = {
    "left": (33, 246, 161, 160, 159, 158, 157, 173, 133),
    "right": (362, 398, 384, 385, 386, 387, 388, 466, 263),
}
LOWER_LID = {
    "left": (33, 7, 163, 144, 145, 153, 154, 155, 133),
    "right": (362, 382, 381, 380, 374, 373, 390, 249, 263),
}
BROW = {"left": (46, 53, 52, 65, 55), "right": (285, 295, 282, 283, 276)}
IRIS = {"left": range(468, 473), "right": range(473, 478)}
# Of the mouth, from the picture's left corner to its right one, corners included.
UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
CORNERS = (61, 291)
CHEEKS = (50, 280, 205, 425, 101, 330)
FOREHEAD, CHIN, TEMPLES = 10, 152, (234, 454)


@dataclass(frozen=True)
class Found:
    """faces: (n, 478, 3) pixels right, down, away. person: who is before the background, 0 to 1."""

    faces: Array
    person: Array


def read_landmarks(path: Path) -> Found:
    """What the program wrote; InvalidInput names the array that is wrong."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            faces, person = np.asarray(stored["faces"], float), np.asarray(stored["person"], float)
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidInput(f"landmarks {path.name}: can't be read ({error})") from None
    if faces.ndim != 3 or faces.shape[1:] != (COUNT, 3) or not np.isfinite(faces).all():
        raise InvalidInput(f"landmarks {path.name}: faces must be finite numbers (n, {COUNT}, 3)")
    if person.ndim != 2 or min(person.shape) < 16 or not np.isfinite(person).all():
        raise InvalidInput(f"landmarks {path.name}: person must be a grid of finite numbers")
    return Found(faces, np.clip(person, 0, 1))


def find_landmarks(portrait: Portrait, finder: Path) -> Found:
    """Run the program of the directory `finder` (tools/portrait) on a picture."""
    python, program = finder / ".venv" / "bin" / "python", finder / "landmarks.py"
    if not python.exists() or not program.exists():
        raise InvalidInput(
            "finding a face needs an environment of its own, which is not there yet. "
            f"Set it up once with: {finder / 'setup.sh'}"
        )
    with tempfile.TemporaryDirectory(prefix="visavis-") as folder:
        source, target = Path(folder) / "picture.npy", Path(folder) / "landmarks.npz"
        np.save(source, portrait.rgb)
        command = [str(python), str(program), str(source), str(target)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise InvalidInput(f"finding a face took more than {TIMEOUT_S} s") from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            again = finder / "setup.sh"
            raise InvalidInput(f"finding a face failed ({last}); setting it up anew may help: {again}")
        return read_landmarks(target)
