"""Which part of the picture the keys of each kind cover."""

# Rows and columns (share of the picture, from the top left): top, bottom, left, right.
CROPS = {
    "mouth": (0.440, 0.920, 0.270, 0.730),
    "inside": (0.580, 0.790, 0.395, 0.605),
    "brows": (0.185, 0.480, 0.280, 0.720),
    "lids": (0.375, 0.490, 0.305, 0.695),
    "gaze": (0.375, 0.490, 0.305, 0.695),
}


def crop_pixels(part: str, size: int) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of a part's pictures, even numbers."""
    if part not in CROPS:
        return 0, size, 0, size
    top, bottom, left, right = (round(share * size / 2) * 2 for share in CROPS[part])
    return top, bottom, left, right
