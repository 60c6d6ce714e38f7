"""A picture (.npy, RGB) -> where its faces are (.npz): `landmarks.py PICTURE LANDMARKS`.

faces: (n, 478, 3) MediaPipe's face mesh with irises, pixels right, down and away; person: (256, 256) who is
before the background, 0 to 1, over the whole picture.
"""

import sys

import cv2
import mediapipe as mp
import numpy as np

MOST_FACES = 5
GRID = 256


def faces_of(rgb: np.ndarray) -> np.ndarray:
    """All faces, with their irises."""
    height, width = rgb.shape[:2]
    with mp.solutions.face_mesh.FaceMesh(
        static_image_mode=True, refine_landmarks=True, max_num_faces=MOST_FACES, min_detection_confidence=0.5
    ) as mesh:
        found = mesh.process(rgb).multi_face_landmarks or []
    points = [[(p.x * width, p.y * height, p.z * width) for p in face.landmark] for face in found]
    return np.array(points, np.float32).reshape(-1, 478, 3)


def person_of(rgb: np.ndarray) -> np.ndarray:
    """Who is before the background."""
    with mp.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) as segmentation:
        mask = segmentation.process(rgb).segmentation_mask
    return cv2.resize(mask, (GRID, GRID), interpolation=cv2.INTER_AREA).astype(np.float32)


def main() -> None:
    source, target = sys.argv[1:]
    rgb = np.load(source)
    np.savez_compressed(target, faces=faces_of(rgb), person=person_of(rgb))


if __name__ == "__main__":
    main()
