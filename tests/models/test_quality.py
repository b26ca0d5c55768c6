"""The quality of a look: each kind of fault shows in its measure, and lowers the score."""

import cv2
import numpy as np
import pytest

from models.quality import quality_of
from models.training.plates import LAYOUTS, draw_plate

LAYOUT = {layout.name: layout for layout in LAYOUTS}
NAMES = ("eu", "white two lines", "black", "american", "yellow plain", "green")


def plate(height=44, name="eu", text="AB 123 CD"):
    """A rendered plate, drawn large and scaled down, so that it is as sharp as it can be."""
    image = draw_plate(np.random.default_rng(5), LAYOUT[name], text)
    width = round(height * image.shape[1] / image.shape[0])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def blurred(image, share):
    """By a bell of so many heights of the plate."""
    return cv2.GaussianBlur(image, (0, 0), share * image.shape[0]) if share else image


def dimmed(image, share, lift=0):
    return np.clip(image * share + lift, 0, 255).astype(np.uint8)


def noisy(image, strength, seed=0):
    noise = np.random.default_rng(seed).normal(0, strength, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def dazzled(image, radius, at=0.5):
    """A spot of light of so many heights of the plate, a share of the width from its left."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    spot = np.exp(-((np.hypot(x - at * width, y - height / 2) / (radius * height)) ** 4))
    return np.clip(image + 300 * spot[..., None], 0, 255).astype(np.uint8)


def slanted(image, degrees):
    """Seen from aside: what is upright leans so far to the right."""
    height, width = image.shape[:2]
    slope = np.tan(np.radians(degrees))
    matrix = np.float32([[1, -slope, slope * height / 2], [0, 1, 0]])
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def turned(image, degrees):
    """Turned clockwise, cut out by its box."""
    height, width = image.shape[:2]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    wide, high = round(width * cos + height * abs(sin)), round(width * abs(sin) + height * cos)
    x, y = (wide - width * cos + height * sin) / 2, (high - width * sin - height * cos) / 2
    matrix = np.float32([[cos, -sin, x], [sin, cos, y]])
    return cv2.warpAffine(image, matrix, (wide, high), borderValue=(90, 90, 90))


FAULTS = {
    "lower": lambda image, much: cv2.resize(
        image, None, fx=1 - 0.9 * much, fy=1 - 0.9 * much, interpolation=cv2.INTER_AREA
    ),
    "narrower": lambda image, much: cv2.resize(image, None, fx=1 - 0.9 * much, fy=1),
    "blurred": lambda image, much: blurred(image, 0.15 * much),
    "dark and noisy": lambda image, much: noisy(dimmed(image, 1 - 0.9 * much), 12),
    "hazy": lambda image, much: dimmed(image, 1 - 0.95 * much, 200 * much),
    "slanted": lambda image, much: slanted(image, 40 * much),
    "dazzled": lambda image, much: dazzled(image, 1.5 * much) if much else image,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_more_of_a_fault_the_lower_the_score(fault, name):
    spoil = FAULTS[fault]
    scores = [
        quality_of(spoil(plate(80, name, "AB 12/CD 345" if "two" in name else "AB 123 CD"), much))
        for much in (0, 0.5, 1)
    ]
    first, second, third = (one.score for one in scores)
    # Half as wide looks a little sharper: its flanks are steeper.
    assert 1.002 * first > second > third, scores
    # Of two rows that lean, each is short: less of it shows.
    much_lower = 0.97 if (fault, name) == ("slanted", "white two lines") else 0.96
    assert third < much_lower * first


@pytest.mark.parametrize("height", [12, 24, 48, 150])
def test_blur_lowers_sharpness(height):
    values = [quality_of(blurred(plate(height), share)).sharpness for share in (0, 0.05, 0.15)]
    assert values[0] > 1.2 * values[1] > 1.5 * values[2]


@pytest.mark.parametrize("name", NAMES)
def test_contrast_does_not_change_sharpness(name):
    clear = plate(40, name)
    pale = quality_of(dimmed(clear, 0.3, 50))
    assert pale.sharpness == pytest.approx(quality_of(clear).sharpness, rel=0.1)
    assert pale.contrast == pytest.approx(0.3 * quality_of(clear).contrast, rel=0.1)


def test_noise_is_not_sharpness():
    """The variance of the Laplacian doubles here."""
    dark = dimmed(plate(40), 0.2)
    assert quality_of(noisy(dark, 12)).sharpness < 1.3 * quality_of(dark).sharpness
    assert quality_of(noisy(dark, 12)).score < quality_of(plate(40)).score


@pytest.mark.parametrize("height", [24, 60])
def test_the_angle_is_about_what_it_is(height):
    """For choosing among looks it need not be better: 5 degrees of standard deviation."""
    for degrees in (-25, -15, 0, 15, 25):
        for image in (slanted(plate(height), degrees), turned(plate(height), degrees)):
            assert quality_of(image).angle_deg == pytest.approx(degrees, abs=12)
    signs = [quality_of(slanted(plate(height), one)).angle_deg for one in (-30, -15, 0, 15, 30)]
    assert signs == sorted(signs)


@pytest.mark.parametrize("name", NAMES)
def test_glare_is_light_where_ink_should_be_and_not_a_white_plate(name):
    clear = plate(60, name)
    assert quality_of(clear).glare == 0
    assert quality_of(dimmed(clear, 1.3)).glare == 0
    assert quality_of(dazzled(clear, 0.9)).glare > 0


def test_more_glare_is_more():
    glare = [quality_of(dazzled(plate(60), radius)).glare for radius in (0.5, 1.0, 2.0)]
    assert glare == sorted(glare)
    assert 0 < glare[1] < glare[2] <= 1


def test_the_height_may_be_known_better_than_the_crop_shows():
    crop = plate(40)
    assert quality_of(crop).height_px == 40
    known = quality_of(crop, 20)
    assert known.height_px == 20
    assert known.score < quality_of(crop).score


@pytest.mark.parametrize(
    "crop",
    [
        np.zeros((0, 0, 3)),
        np.zeros((0, 9, 3)),
        np.zeros((1, 1, 3)),
        np.zeros((1, 3000, 3)),
        np.zeros((3000, 1, 3)),
        np.full((44, 200, 3), 255),
        np.full((44, 200, 3), 128),
        np.random.default_rng(0).integers(0, 255, (44, 200, 3)),
        np.random.default_rng(0).integers(0, 255, (3, 2, 3)),
        plate(300),
    ],
)
def test_anything_has_a_quality_within_bounds(crop):
    one = quality_of(crop.astype(np.uint8))
    assert 0 <= one.score < 1
    assert 0 <= one.sharpness <= 0.6
    assert 0 <= one.glare <= 1
    assert -45 <= one.angle_deg <= 45


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_even_surface_is_worth_nothing(value):
    assert quality_of(np.full((44, 200, 3), value, np.uint8)).score == 0


def test_the_crop_is_left_as_it_was():
    crop = plate()
    before = crop.copy()
    crop.flags.writeable = False
    quality_of(crop)
    assert (crop == before).all()
