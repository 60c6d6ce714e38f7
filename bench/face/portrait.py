"""An avatar out of a portrait that is in the repository: Amos' picture, taken as if it were a photograph."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from visavis_render.portrait.picture import read_portrait

NAME = "portrait"
CONSENT = "Amos, who is made up: nobody had to agree"
DATA = Path(__file__).parents[2] / "services" / "render" / "tests" / "data"
PICTURE, LANDMARKS = DATA / "amos" / "base.webp", DATA / "amos-landmarks.npz"


def portrait_in(folder: Path) -> Path:
    """The directory of the avatar `portrait` in `folder`; it is made only once."""
    made = folder / NAME
    if made.exists():
        return made
    folder.mkdir(parents=True, exist_ok=True)
    found = folder / "landmarks.npz"
    with np.load(LANDMARKS) as stored:
        pixels = stored["faces"] * read_portrait(PICTURE).rgb.shape[1]  # kept as parts of the width
        np.savez(found, faces=pixels, person=stored["person"])
    words = ["portrait", str(PICTURE), "--consent", CONSENT, "--name", NAME, "--into", str(folder)]
    command = [sys.executable, "-m", "visavis_render.showcase", *words, "--landmarks", str(found)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return made
