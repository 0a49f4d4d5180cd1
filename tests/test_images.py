"""Pictures of every odd kind, through the real Pillow."""

import hashlib
import io
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pdistill.errors import ImageError
from pdistill.images import Limits, decode, open_bounded, prepare

LIMITS = Limits()
RED = (255, 0, 0)

# pytest replaces the filters that the module under test sets when imported.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def halves(width: int = 64, height: int = 32) -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste(RED, (0, 0, width // 2, height))
    return image


def near(pixel: object, colour: tuple[int, int, int], tolerance: int = 6) -> bool:
    return bool(np.abs(np.asarray(pixel, dtype=int) - np.asarray(colour)).max() <= tolerance)


def header_only_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("side", "said"), [(30_000, "900,000,000 pixels"), (10_000, "10,000 x 10,000 pixels")])
def test_a_bomb_is_refused_before_decoding(side: int, said: str) -> None:
    data = header_only_png(side, side)
    prepare(encoded(halves(), "PNG"), LIMITS, "warm.png")
    tracemalloc.start()
    before = time.perf_counter()
    with pytest.raises(ImageError) as caught:
        prepare(data, LIMITS, "bomb.png")
    took, (_, peak) = time.perf_counter() - before, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "'bomb.png'" in str(caught.value) and said in str(caught.value)
    assert "64,000,000" in str(caught.value) and "[images] max_pixels in pdistill.toml" in str(caught.value)
    assert took < 0.1 and peak < 2**20


def test_a_limit_above_pillows_own_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow refuses beyond twice this; the picture has 2,048
    with pytest.raises(ImageError, match="2,048 pixels"):
        open_bounded(encoded(halves(), "PNG"), Limits(max_pixels=100), "a.png")
    assert open_bounded(encoded(halves(), "PNG"), Limits(max_pixels=2_048), "a.png").size == (64, 32)


def test_pixel_limit_is_inclusive() -> None:
    data = encoded(halves(10, 10), "PNG")
    assert open_bounded(data, Limits(max_pixels=100), "a").size == (10, 10)
    with pytest.raises(ImageError, match="10 x 10 pixels; at most 99"):
        open_bounded(data, Limits(max_pixels=99), "a")


def test_byte_limit_names_size_limit_and_setting() -> None:
    data = encoded(halves(), "PNG")
    with pytest.raises(ImageError) as caught:
        open_bounded(data, Limits(max_bytes=len(data) - 1), "big.png")
    assert str(caught.value) == (
        f"The picture 'big.png' is {len(data)} bytes long; at most {len(data) - 1} bytes are read "
        "([images] max_bytes in pdistill.toml)."
    )
    assert open_bounded(data, Limits(max_bytes=len(data)), "big.png")


@pytest.mark.parametrize(
    "data", [b"", b"these are words", b"\x00" * 100, b"<html>404</html>", b"%!PS-Adobe-3.0 EPSF-3.0"]
)
def test_what_is_no_picture_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"'words\.jpg' is not a picture that can be read"):
        prepare(data, LIMITS, "words.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_truncated_file_is_refused(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    with pytest.raises(ImageError, match="is not a picture that can be read"):
        prepare(data[: len(data) // 2], LIMITS, "half")


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"]),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.floats(0, 1),
)
def test_damage_costs_only_an_image_error(kind: str, changes: list[tuple[float, int]], cut: float) -> None:
    data = bytearray(encoded(halves(16, 16), kind))
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        stored = prepare(bytes(data[: int(cut * len(data)) or 1]), Limits(max_pixels=10_000), "x")
    except ImageError as error:
        assert "'x'" in str(error)
    else:
        assert decode(stored.data).size == (stored.width, stored.height)


def test_small_plain_jpeg_is_kept_byte_for_byte() -> None:
    data = encoded(halves(), "JPEG", quality=70)
    stored = prepare(data, LIMITS, "a.jpg")
    assert stored.data == data
    assert (stored.width, stored.height) == (64, 32)
    assert stored.hash == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "data",
    [
        encoded(halves(), "JPEG", progressive=True),
        encoded(halves().convert("L"), "JPEG"),
        encoded(halves().convert("CMYK"), "JPEG"),
        encoded(halves(), "PNG"),
        encoded(halves(), "JPEG") + b"\x00" * 100_000,  # 64 x 32 x 3 + 65,536 = 71,680 bytes would be plausible
    ],
    ids=["progressive", "grey", "cmyk", "png", "padded"],
)
def test_all_other_pictures_become_plain_jpegs(data: bytes) -> None:
    stored = prepare(data, LIMITS, "a")
    again = Image.open(io.BytesIO(stored.data))
    assert (again.format, again.mode, again.size) == ("JPEG", "RGB", (64, 32))
    assert not again.info.get("progressive")
    assert len(stored.data) < 71_680
    assert stored.hash == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2000, 1000), (512, 256)),
        ((1000, 2000), (256, 512)),
        ((513, 513), (512, 512)),
        ((512, 512), (512, 512)),
        ((20, 10), (20, 10)),
        ((1, 1), (1, 1)),
        ((5000, 2), (512, 1)),  # 2 x 512 / 5000 = 0.2, but a side has at least one pixel
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_longest_side_is_bounded_and_nothing_grows(kind: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
    stored = prepare(encoded(Image.new("RGB", size, RED), kind), LIMITS, "a")
    assert (stored.width, stored.height) == expected
    picture = decode(stored.data)
    assert picture.size == expected and picture.mode == "RGB"
    assert near(picture.getpixel((0, 0)), RED)


# What the sensor stored for a scene whose left is red and right is blue, under each EXIF orientation: the scene turned
# by the inverse of what a viewer does. 64 x 32 pictures with orientations 5 to 8 lie on their side in the file.
LYING = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,  # the viewer turns it 90 degrees clockwise
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    scene = halves()
    scene.paste((0, 255, 0), (0, 0, 16, 16))  # green in the top left corner tells turns from mirrors
    turn = LYING[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(scene if turn is None else scene.transpose(turn), kind, exif=exif, quality=95)
    stored = prepare(data, LIMITS, "a")
    picture = decode(stored.data)
    assert picture.size == (64, 32) == (stored.width, stored.height)
    assert near(picture.getpixel((5, 5)), (0, 255, 0), 20)
    assert near(picture.getpixel((5, 28)), RED, 20)
    assert near(picture.getpixel((60, 5)), (0, 0, 255), 20)
    assert 0x0112 not in Image.open(io.BytesIO(stored.data)).getexif() or stored.data == data


def test_alpha_is_laid_on_white() -> None:
    layer = Image.new("RGBA", (3, 1), (255, 0, 0, 255))
    layer.putpixel((1, 0), (255, 0, 0, 0))
    layer.putpixel((2, 0), (255, 0, 0, 128))
    picture = open_bounded(encoded(layer, "PNG"), LIMITS, "a")
    assert picture.mode == "RGB"
    # Half covered: 255 x (1 - 128/255) = 127 of white shows through in green and blue.
    assert [picture.getpixel((x, 0)) for x in range(3)] == [RED, (255, 255, 255), (255, 127, 127)]


def test_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF"):
        picture = open_bounded(encoded(image, kind, transparency=1), LIMITS, "a")
        assert [picture.getpixel((x, 0)) for x in range(2)] == [RED, (255, 255, 255)]


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    values = np.array([[0, 32_896, 65_535]], dtype=np.uint16)  # 32,896 = 128 x 257, so exactly 128 of 255
    picture = open_bounded(encoded(Image.fromarray(values), "PNG"), LIMITS, "a")
    assert [picture.getpixel((x, 0)) for x in range(3)] == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]


def test_float_grey_of_unit_range_is_scaled() -> None:
    values = np.array([[0.0, 0.2, 1.0]], dtype=np.float32)  # 0.2 x 255 = 51
    picture = open_bounded(encoded(Image.fromarray(values), "TIFF"), LIMITS, "a")
    assert [picture.getpixel((x, 0)) for x in range(3)] == [(0, 0, 0), (51, 51, 51), (255, 255, 255)]


def test_cmyk_becomes_its_rgb_colour() -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta + yellow = red
    picture = decode(prepare(encoded(cmyk, "JPEG", quality=100), LIMITS, "a").data)
    assert near(picture.getpixel((8, 8)), RED, 12)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_first_frame_of_an_animation(kind: str) -> None:
    first, second = Image.new("RGB", (8, 8), "white"), Image.new("RGB", (8, 8), "black")
    data = encoded(first, kind, save_all=True, append_images=[second])
    assert open_bounded(data, LIMITS, "a").getpixel((4, 4)) == (255, 255, 255)


def test_damaged_exif_costs_the_turn_not_the_picture() -> None:
    data = encoded(halves(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert prepare(data, LIMITS, "a").width == 64


def test_resizing_through_draft_is_true_to_the_full_decode() -> None:
    ramp = np.tile(np.linspace(0, 255, 2048, dtype=np.uint8), (1024, 1))
    image = Image.fromarray(np.stack([ramp, 255 - ramp, ramp // 2], axis=2))
    data = encoded(image, "JPEG", quality=95)
    small = np.asarray(decode(prepare(data, LIMITS, "a").data), dtype=int)
    full = np.asarray(image.resize((512, 256), Image.Resampling.LANCZOS), dtype=int)
    assert np.abs(small - full).mean() < 2


def test_decode_of_damaged_stored_bytes() -> None:
    with pytest.raises(ImageError, match="stored picture is damaged"):
        decode(b"rotten")


def test_preparing_twice_gives_the_same_bytes() -> None:
    data = encoded(halves(1000, 600), "PNG")
    assert prepare(data, LIMITS, "a") == prepare(data, LIMITS, "b")
