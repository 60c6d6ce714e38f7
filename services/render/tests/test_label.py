import numpy as np
import pytest
from rpckit.errors import InvalidInput
from visavis_render.label import Badge, require_label


def stamped(luma, text="", size=512):
    picture = np.full((size * 3 // 2, size), 128, np.uint8)
    picture[:size] = luma
    badge = Badge(text, size)
    badge.stamp(picture)
    x0, y0, x1, y1 = badge.box
    return picture[y0:y1, x0:x1], picture


@pytest.mark.parametrize("luma", [16, 24, 90, 128, 200, 235])
def test_it_contrasts_on_any_background(luma):
    badge, _ = stamped(luma)
    inside = badge[6:-6, 6:-6]
    assert inside.max() > 215
    assert inside.max() - np.median(inside) > 110


def test_it_touches_nothing_outside_its_box():
    badge, picture = stamped(90)
    box = Badge("", 512).box
    picture[box[1] : box[3], box[0] : box[2]] = 90
    assert (picture[:512] == 90).all()
    assert badge.shape[0] < 40


def test_texts_differ():
    assert not np.array_equal(stamped(90, "AI")[0], stamped(90, "KI")[0])


@pytest.mark.parametrize("text", ["KI", "IA", "ai", "Künstlich", "É·Ñ Ç", "0123456789", "W" * 16])
@pytest.mark.parametrize("size", [128, 512, 1024])
def test_latin_texts_fit(text, size):
    x0, y0, x1, y1 = Badge(text, size).box
    assert 0 <= x0 < x1 <= size
    assert 0 <= y0 < y1 <= size


@pytest.mark.parametrize("text", ["A" * 17, "人工", "   ", "\n"])
def test_what_cannot_be_shown_is_refused(text):
    with pytest.raises(InvalidInput, match="label"):
        require_label(text)


WCAG_AA = 4.5
# Bright and dark, and the colours that BT.601 can't show brighter: (Y, U, V).
COLOURS = [(16, 128, 128), (235, 128, 128), (210, 16, 146), (170, 166, 16), (145, 54, 34), (82, 90, 240)]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("size", [128, 256, 512, 1024])
@pytest.mark.parametrize("text", ["AI", "KI", "IA", "ИИ", "ШІ"])
def test_its_letters_can_be_read_on_any_colour(colour, size, text, contrast):
    picture = np.empty((size * 3 // 2, size), np.uint8)
    picture[:size] = colour[0]
    picture[size : size * 5 // 4], picture[size * 5 // 4 :] = colour[1], colour[2]
    Badge(text, size).stamp(picture)
    assert contrast(picture, text) >= WCAG_AA
