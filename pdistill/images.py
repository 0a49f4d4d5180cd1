"""Bounded decoding of pictures: bytes from anywhere become an upright RGB picture, or one sentence saying why not.

It owns all use of Pillow's decoders on foreign bytes; it must not know where bytes come from or where they are kept.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pdistill.errors import ImageError
from pdistill.fingerprint import content_hash

QUALITY = 92
"""JPEG quality of stored pictures."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "HEIF")
"""What is tried, by Pillow's names. A short list: each decoder is a door, and EPS would even start another program."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation (CIPA DC-008, tag 274) -> what turns the picture upright; 1 and unknown values need nothing."""

# A catalog holds thousands of pictures with odd metadata; what matters of these warnings is said by the errors below.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass(frozen=True)
class Limits:
    """What one picture may cost.

    Attributes:
        max_pixels: width x height of the source, in pixels.
        max_bytes: size of the source, in bytes.
        max_side: longest side of the stored picture, in pixels.
    """

    max_pixels: int = 64_000_000
    max_bytes: int = 64 * 2**20
    max_side: int = 512


@dataclass(frozen=True)
class Stored:
    """A picture ready to be kept.

    Attributes:
        data: JPEG bytes.
        width, height: of the stored picture, in pixels.
        hash: the SHA-256 of the bytes it was made from, in hex.
    """

    data: bytes
    width: int
    height: int
    hash: str


def open_bounded(data: bytes, limits: Limits, name: str) -> Image.Image:
    """Decode one picture in full size: first frame, upright, on white, RGB.

    Args:
        data: the file's bytes.
        limits: bytes are counted before reading, pixels before decoding.
        name: what to call the picture in an error.

    Raises: ImageError naming the picture, the cause and, for a limit, the setting that changes it.
    """
    return _finished(_begun(data, limits, name), name)


def prepare(data: bytes, limits: Limits, name: str) -> Stored:
    """Decode one picture and make it small enough to keep; safe to call from several threads.

    A baseline RGB JPEG that is upright and small already is kept byte for byte; all else becomes a JPEG of quality
    92 whose longest side is at most `limits.max_side`. Nothing is enlarged.

    Raises: ImageError as `open_bounded`.
    """
    image = _begun(data, limits, name)
    keep = _can_be_kept(image, limits, len(data))
    if image.format == "JPEG" and not keep:
        # Decoding at 1/2, 1/4 or 1/8 saves most of the time; twice the final side leaves LANCZOS enough to work on.
        image.draft(None, (2 * limits.max_side, 2 * limits.max_side))
    image = _finished(image, name)
    if not keep:
        image = _shrunk(image, limits.max_side)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=QUALITY)
    return Stored(data if keep else buffer.getvalue(), *image.size, content_hash(data))


def decode(data: bytes) -> Image.Image:
    """Stored bytes -> RGB picture. Raises ImageError if they are damaged."""
    try:
        return Image.open(io.BytesIO(data), formats=("JPEG", "PNG")).convert("RGB")
    except Exception as error:
        raise ImageError(f"A stored picture is damaged: {_cause(error)}.", "Add its item again.") from error


def _begun(data: bytes, limits: Limits, name: str) -> Image.Image:
    """The header read and checked; no pixel is decoded yet."""
    if len(data) > limits.max_bytes:
        raise too_many_bytes(name, len(data), limits.max_bytes)
    if not data:
        raise ImageError(f"'{name}' is not a picture that can be read: it is empty.")
    _let_pillow_agree(limits.max_pixels)
    Image.init()
    try:
        image = Image.open(io.BytesIO(data), formats=[each for each in FORMATS if each in Image.OPEN])
        width, height = image.size
    except Image.DecompressionBombError as error:
        found = re.search(r"(\d+) pixels", str(error))
        raise _too_many_pixels(name, f"{int(found[1]):,}" if found else "too many", limits) from error
    except Exception as error:
        raise _unreadable(name, error) from error
    if width * height > limits.max_pixels:
        raise _too_many_pixels(name, f"{width:,} x {height:,}", limits)
    return image


def _finished(image: Image.Image, name: str) -> Image.Image:
    # Damaged files make Pillow's decoders raise nearly anything (struct.error, SyntaxError, KeyError, MemoryError);
    # whatever it is, it may cost only this one picture.
    try:
        image.load()
        turn = _UPRIGHT.get(_orientation(image))
        image = _rgb(image)
        return image.transpose(turn) if turn is not None else image
    except Exception as error:
        raise _unreadable(name, error) from error


def _can_be_kept(image: Image.Image, limits: Limits, size: int) -> bool:
    width, height = image.size
    return (
        image.format == "JPEG"
        and image.mode == "RGB"
        and not image.info.get("progressive")
        and _orientation(image) not in _UPRIGHT
        and max(width, height) <= limits.max_side
        # A small picture in a huge file carries something else (a film, a thumbnail strip); that is not kept.
        and size <= 3 * width * height + 2**16
    )


def _shrunk(image: Image.Image, max_side: int) -> Image.Image:
    scale = max_side / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _orientation(image: Image.Image) -> int:
    """1 (upright) where the EXIF block is missing or damaged: better a turned picture than none."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:
        return 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I" or image.mode == "F" or image.mode.startswith("I;"):
        return _from_deep_grey(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits, scaled instead of clipped as Pillow's own conversion would."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    peak = float(values.max())
    if image.mode.startswith("I;16"):
        full = 65535.0
    elif image.mode == "F" and peak <= 1:
        full = 1.0
    else:
        full = next((limit for limit in (255.0, 65535.0) if peak <= limit), peak)
    grey = np.clip(values / full * 255, 0, 255).round().astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _let_pillow_agree(max_pixels: int) -> None:
    """Lift Pillow's own guard where the user's limit is higher; it is never lowered and never switched off here."""
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = max_pixels


def too_many_bytes(name: str, size: int | None, max_bytes: int) -> ImageError:
    """The error for a source of `size` bytes (None: unknown, reading stopped at the limit)."""
    has = f"is {size:,} bytes long" if size is not None else "is too long"
    return ImageError(
        f"The picture '{name}' {has}; at most {max_bytes:,} bytes are read ([images] max_bytes in pdistill.toml)."
    )


def _too_many_pixels(name: str, pixels: str, limits: Limits) -> ImageError:
    return ImageError(
        f"The picture '{name}' has {pixels} pixels; at most {limits.max_pixels:,} are decoded "
        "([images] max_pixels in pdistill.toml)."
    )


def _unreadable(name: str, error: Exception) -> ImageError:
    return ImageError(f"'{name}' is not a picture that can be read: {_cause(error)}.")


def _cause(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "its content is in no known picture format"
    if isinstance(error, MemoryError):
        return "decoding it takes more memory than there is"
    return str(error).strip().rstrip(".") or type(error).__name__
