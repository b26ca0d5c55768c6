import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.readers.decode import SIGNS, Alphabet, decode, fold

REST = len(SIGNS) + 1


def frames(*peaks):
    """Grouped probabilities: per frame a label, `_` blank or `.` the rest, and its probability."""
    grouped = np.zeros((len(peaks), REST + 1), np.float32)
    for row, (label, probability) in zip(grouped, peaks, strict=True):
        row[:] = (1 - probability) / (len(row) - 1)
        row[{"_": 0, ".": REST}.get(label) if label in "_." else SIGNS.index(label) + 1] = (
            probability
        )
    return grouped


def simple(labels):
    return frames(*[(label, 0.9) for label in labels])


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ("", ""),
        ("___", ""),
        ("A", "A"),
        ("AAA", "A"),
        ("A_A", "AA"),
        ("AA_AA__A", "AAA"),
        ("_A_B_1_2_", "AB12"),
        ("AB12", "AB12"),
        ("A.A", "AA"),
        ("A._B", "AB"),
        (".", ""),
        ("11_1", "11"),
        ("_K_L_._3_1_", "KL31"),
    ],
)
def test_repeats_collapse_and_blanks_and_separators_drop_out(labels, text):
    line = decode(simple(labels))
    assert line.text == text
    assert len(line.confidences) == len(line.centres) == len(text)


@settings(deadline=None)
@given(st.text(SIGNS, max_size=12), st.randoms(use_true_random=False))
def test_every_text_survives_its_own_path(text, dice):
    path = ""
    for sign in text:
        path += "_" * (path[-1:] == sign) + sign * dice.randint(1, 3) + "_" * dice.randint(0, 2)
    assert decode(simple(path)).text == text


def test_a_confidence_is_that_of_the_most_certain_frame_of_the_character():
    line = decode(frames(("A", 0.5), ("A", 0.93), ("A", 0.6), ("_", 0.9), ("A", 0.7)))
    assert line.text == "AA"
    assert line.confidences == pytest.approx((0.93, 0.7))
    assert line.confidence == pytest.approx(0.815)


def test_the_mean_of_no_characters_is_no_confidence():
    assert decode(simple("__")).confidence == 0.0


def test_characters_stand_where_their_peak_is():
    line = decode(frames(("A", 0.5), ("A", 0.9), ("_", 0.9), ("B", 0.9)))
    assert line.centres == pytest.approx((1.5 / 4, 3.5 / 4))


def test_padding_does_not_move_characters():
    line = decode(simple("_A______"), used=0.5)
    assert line.centres == pytest.approx((1.5 / 4,))


@pytest.mark.parametrize(
    ("character", "sign"),
    [
        ("A", "A"), ("z", "Z"), ("0", "0"), ("9", "9"),
        ("é", "E"), ("Ü", "U"), ("Ø", "O"), ("ł", "L"), ("\u0131", "I"), ("Š", "S"),
        ("\uff21", "A"), ("\uff11", "1"),
        ("\u0391", "A"), ("\u03a1", "P"), ("\u03a9", ""),
        ("\u0412", "B"), ("\u0420", "P"), ("\u042f", ""),
        ("-", ""), (" ", ""), (".", ""), ("·", ""), ("中", ""), ("²", ""), ("①", ""),
        ("ß", ""), ("œ", ""), ("", ""), ("AB", ""), ("\n", ""),
    ],
)  # fmt: skip
def test_characters_fold_to_what_a_plate_shows(character, sign):
    assert fold(character) == sign


def test_the_cases_and_accents_of_a_letter_are_one_group():
    alphabet = Alphabet(["o", "O", "Ö", "0", "-"])
    grouped = alphabet.group(np.array([[0.1, 0.2, 0.3, 0.1, 0.25, 0.05]], np.float32))
    assert grouped[0, SIGNS.index("O") + 1] == pytest.approx(0.6)
    assert grouped[0, SIGNS.index("0") + 1] == pytest.approx(0.25)
    assert grouped[0, 0] == pytest.approx(0.1)
    assert grouped[0, REST] == pytest.approx(0.05)
    line = decode(grouped)
    assert (line.text, line.confidences) == ("O", pytest.approx((0.6,)))


def test_one_letter_split_over_cases_beats_the_digit_it_resembles():
    alphabet = Alphabet(["o", "O", "0"])
    assert decode(alphabet.group(np.array([[0, 0.3, 0.3, 0.4]], np.float32))).text == "O"


def test_what_other_signs_have_is_missing_from_the_confidence():
    alphabet = Alphabet(["A", "\u4e2d", "-"])
    line = decode(alphabet.group(np.array([[0.1, 0.5, 0.3, 0.1]], np.float32)))
    assert (line.text, line.confidences) == ("A", pytest.approx((0.5,)))


def test_where_another_script_is_likelier_nothing_is_read():
    alphabet = Alphabet(["A", "\u4e2d"])
    assert decode(alphabet.group(np.array([[0.1, 0.4, 0.5]], np.float32))).text == ""


def test_groups_keep_the_shape_of_batch_and_frames_and_sum_to_one():
    alphabet = Alphabet(["A", "b", "-"])
    softmax = np.random.default_rng(1).dirichlet(np.ones(4), (3, 5)).astype(np.float32)
    grouped = alphabet.group(softmax)
    assert grouped.shape == (3, 5, REST + 1)
    assert grouped.sum(-1) == pytest.approx(np.ones((3, 5)), abs=1e-5)


def test_a_softmax_over_other_classes_is_refused():
    with pytest.raises(ValueError, match="5 classes, the alphabet has 3"):
        Alphabet(["A", "B"]).group(np.zeros((1, 5), np.float32))
