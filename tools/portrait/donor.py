"""The landmarks of the person whose mouth portraits borrow, to be found again when her picture changes."""

from pathlib import Path

import cv2
import numpy as np
from landmarks import faces_of

RENDER = Path(__file__).parents[2] / "services" / "render" / "visavis_render"
NAME = "nora"


def main() -> None:
    bgr = cv2.imread(str(RENDER / "avatars" / NAME / "base.webp"))
    (face,) = faces_of(np.ascontiguousarray(bgr[:, :, ::-1]))
    np.savez_compressed(RENDER / "portrait" / f"{NAME}.npz", landmarks=face / bgr.shape[0])


if __name__ == "__main__":
    main()
