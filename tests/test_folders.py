"""The walk over a folder of pictures, and what file names say."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdistill.errors import UsageError
from pdistill.folders import MOST_VIEWS, title_of, walk


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def ids(root: Path) -> list[str]:
    return [found.id for found in walk(root)]


def test_walk_is_recursive_and_in_the_order_of_paths(tmp_path: Path) -> None:
    touch(tmp_path, "b.jpg", "a/z.PNG", "a/b/c.webp", "a.gif", "a-1.tiff", "notes.txt", "c.pdf", "A.jpeg")
    assert ids(tmp_path) == ["A", "a-1", "a", "a/b/c", "a/z", "b"]  # as sorted paths: '-' < '.' < '/'
    assert [found.folder for found in walk(tmp_path)] == ["", "", "", "a/b", "a", ""]


def test_hidden_files_and_folders_are_skipped(tmp_path: Path) -> None:
    touch(tmp_path, ".a.jpg", ".cache/b.jpg", "__MACOSX/._c.jpg", "d.jpg")
    assert ids(tmp_path) == ["d"]


def test_links_in_a_circle_do_not_hang_and_other_links_are_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    touch(root, "a/b.jpg")
    touch(tmp_path, "elsewhere/c.jpg")
    (root / "a" / "up").symlink_to(root, target_is_directory=True)
    (root / "self").symlink_to("self")  # nothing can be asked about this one
    (root / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert ids(root) == ["a/b", "linked/c"]


def test_ids_keep_the_suffix_where_two_files_would_share_one(tmp_path: Path) -> None:
    touch(tmp_path, "x.jpg", "x.png", "y.jpg", "z/x.jpg")
    assert ids(tmp_path) == ["x.jpg", "x.png", "y", "z/x"]


@settings(max_examples=30, deadline=None)
@given(
    st.sets(
        st.tuples(st.sampled_from("ab"), st.lists(st.sampled_from([".jpg", ".png"]), min_size=1, max_size=3)).map(
            lambda parts: parts[0] + "".join(parts[1])
        ),
        min_size=1,
    )
)
def test_ids_are_distinct(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    root = tmp_path_factory.mktemp("ids")
    touch(root, *names)
    found = ids(root)
    assert len(found) == len(set(found)) == len(names)


def test_sidecar_is_the_text_file_of_the_same_stem(tmp_path: Path) -> None:
    touch(tmp_path, "mug.jpg", "mug.txt", "cup.jpg", "cups.txt")
    assert {found.id: found.sidecar for found in walk(tmp_path)} == {"mug": tmp_path / "mug.txt", "cup": None}


def test_views_share_a_product_and_a_long_series_does_not(tmp_path: Path) -> None:
    touch(tmp_path, "Red-Mug-01.jpg", "red_mug_2.jpg", "IMG_0001.jpg")
    touch(tmp_path, *(f"few/hat-{number}.jpg" for number in range(MOST_VIEWS)))
    touch(tmp_path, *(f"many/hat-{number}.jpg" for number in range(MOST_VIEWS + 1)))
    found = {each.id: each for each in walk(tmp_path)}
    assert found["Red-Mug-01"].product == found["red_mug_2"].product == "red mug"
    assert found["IMG_0001"].product is None
    assert found["few/hat-3"].product == "hat"
    assert found["many/hat-3"].product == "many/hat-3" and found["many/hat-3"].title == "hat"


def test_a_folder_that_cannot_be_listed_is_said(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may list every folder")
    touch(tmp_path, "shut/a.jpg", "b.jpg")
    (tmp_path / "shut").chmod(0)
    try:
        with pytest.raises(UsageError, match="shut' cannot be listed: Permission denied"):
            ids(tmp_path)
    finally:
        (tmp_path / "shut").chmod(0o700)


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        ("red-garden_mug-03", "red garden mug"),
        ("Black Leather Backpack", "Black Leather Backpack"),
        ("2024-05-01 striped shirt (2)", "striped shirt"),
        ("levis-501-jeans", "levis 501 jeans"),
        ("shampoo-250ml", "shampoo 250ml"),
        ("iphone15 case", "iphone15 case"),
        ("grüne-vase", "grüne vase"),
        ("红色杯子", "红色杯子"),
        ("B07XJ8C8F5-teapot", "teapot"),
    ],
)
def test_titles_are_the_words_of_a_name(stem: str, title: str) -> None:
    assert title_of(stem) == title


@pytest.mark.parametrize(
    "stem",
    [
        "IMG_1234", "img-20240501-wa0003", "DSC0001", "DSCF1234", "_DSC0042", "P1010001", "PXL_20240101_101112345",
        "photo-12", "image", "image (1)", "picture 7", "Screenshot 2024-01-01 at 10.11.12", "Screen Shot 2024-01-01",
        "WhatsApp Image 2024-01-01 at 10.11.12", "download (3)", "untitled", "00012", "", "x",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "d41d8cd98f00b204e9800998ecf8427e", "B07XJ8C8F5",
    ],
)  # fmt: skip
def test_names_that_cameras_and_programs_give_are_no_titles(stem: str) -> None:
    assert title_of(stem) == ""
