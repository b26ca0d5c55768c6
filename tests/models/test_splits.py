"""What is held back: whole sources, and never a picture of each."""

import pytest

from models.training.splits import source_of, split_of, split_pictures


@pytest.mark.parametrize(
    ("picture", "folder", "prefix"),
    [
        ("car.jpg", "", "car"),
        ("clip/0001.jpg", "clip", ""),
        ("a/b/gate-0012.jpg", "a/b", "gate"),
        ("gate7.jpg", "", "gate"),
        ("gate_in.7.jpg", "", "gate"),
        ("2024-01-02 gate.jpg", "", ""),
        ("brána 12.jpg", "", "brána"),
    ],
)
def test_the_source_of_a_picture(picture, folder, prefix):
    assert source_of(picture, "folder") == folder
    assert source_of(picture, "prefix") == prefix


def frames(*clips, count=4):
    return [f"{clip}/{number}.jpg" for clip in clips for number in range(count)]


def alone(pictures):
    return {picture: picture for picture in pictures}


def test_the_frames_of_a_clip_stay_together():
    pictures = frames(*(f"clip{n}" for n in range(20)))
    split = split_pictures(pictures, alone(pictures), "folder", 0.3)
    for picture in pictures:
        assert split.of[picture] == split_of(picture.split("/")[0], 0.3)
    assert set(split.of.values()) == {"train", "val"}
    assert split.notes == ["split by 20 sources, near-duplicates together"]
    # More clips: nobody changes sides.
    more = pictures + frames(*(f"other{n}" for n in range(20)))
    wider = split_pictures(more, alone(more), "folder", 0.3).of
    assert all(wider[picture] == side for picture, side in split.of.items())


def test_near_duplicates_bring_their_sources_together():
    pictures = frames(*(f"clip{n}" for n in range(20)))
    near = alone(pictures)
    apart = split_pictures(pictures, near, "folder", 0.3).of
    clips = [f"clip{n}" for n in range(20)]
    held_back = next(clip for clip in clips if apart[f"{clip}/0.jpg"] == "val")
    trained_on = next(clip for clip in clips if apart[f"{clip}/0.jpg"] == "train")
    near[f"{held_back}/2.jpg"] = f"{trained_on}/1.jpg"
    joined = split_pictures(pictures, near, "folder", 0.3).of
    sides = {joined[picture] for picture in frames(held_back, trained_on)}
    assert sides == {split_of(min(held_back, trained_on), 0.3)}


def test_one_source_is_split_by_picture_and_says_so():
    pictures = [f"{number:03}.jpg" for number in range(100)]
    near = alone(pictures)
    near["001.jpg"] = near["002.jpg"] = "000.jpg"
    split = split_pictures(pictures, near, "folder", 0.3)
    assert split.notes[0] == "all pictures are of one source (by folder)"
    assert {split.of[name] for name in ("000.jpg", "001.jpg", "002.jpg")} == {
        split_of("000.jpg", 0.3)
    }
    assert all(split.of[name] == split_of(name, 0.3) for name in pictures[3:])


def test_a_camera_that_never_moves_makes_everything_near():
    """Then near-duplicates cannot be kept together: one side would have nothing."""
    pictures = frames("monday", "tuesday", "friday", count=30)
    near = dict.fromkeys(pictures, pictures[0])
    split = split_pictures(pictures, near, "folder", 0.3)
    assert split.notes[0].endswith("near-duplicates together: one group would hold 90 of 90")
    assert len({split.of[picture] for picture in pictures}) == 2
    for day in ("monday", "tuesday", "friday"):
        assert len({split.of[picture] for picture in frames(day, count=30)}) == 1
    one = frames("monday", count=50)
    split = split_pictures(one, dict.fromkeys(one, one[0]), "folder", 0.3)
    assert split.of == {picture: split_of(picture, 0.3) for picture in one}
    assert split.notes[-1] == "split by pictures"


def test_chance_leaves_no_side_empty():
    for share, names in ((0.01, "abcd"), (0.99, "abcd")):
        pictures = frames(*names)
        split = split_pictures(pictures, alone(pictures), "folder", share)
        assert sorted(set(split.of.values())) == ["train", "val"]
        assert "chance gave" in split.notes[-1]
    # Asked for, one side is empty.
    for share, side in ((0.0, "train"), (1.0, "val")):
        assert set(split_pictures(pictures, alone(pictures), "folder", share).of.values()) == {side}
    assert split_pictures([], {}, "folder", 0.5).of == {}


def test_where_chance_gives_val_nothing_the_source_of_the_fittest_size_goes_there():
    """A tenth is asked for: of three sources that all fell to train, the smallest."""
    sizes = {"big": 60, "middle": 30, "small": 10}
    while any(split_of(name, 0.1) == "val" for name in sizes):
        sizes = {f"{name}x": count for name, count in sizes.items()}
    pictures = [f"{name}/{n}.jpg" for name, count in sizes.items() for n in range(count)]
    found = split_pictures(pictures, alone(pictures), "folder", 0.1)
    val = {picture.split("/")[0] for picture in pictures if found.of[picture] == "val"}
    assert len(val) == 1
    assert val.pop().startswith("small")
