"""Which way up a photo is: the orientation that cameras write into EXIF, also where the rest of the metadata is broken."""

from __future__ import annotations

from PIL import Image, TiffImagePlugin

ORIENTATION_TAG = 0x0112

_UPRIGHT = 1
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ENTRY, _HEADER = 12, 8  # bytes of a TIFF directory's entry, and of the header before it
_SHORT = 3  # TIFF's number of the type that orientations have


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The image as it was seen; itself where it is upright already."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def orientation_of(image: Image.Image) -> int:
    """1..8 as EXIF numbers them; 1, upright, where nothing says otherwise.

    No other entry is looked at: broken metadata beside it does not matter.
    """
    # Pillow answers metadata that is damaged or of the wrong type with errors of many kinds, AttributeError too; or it stops at the
    # first entry that it cannot read.
    try:
        value = image.getexif().get(ORIENTATION_TAG)
    except Exception:
        value = None
    if isinstance(value, tuple) and value:
        value = value[0]
    if isinstance(value, (int, float, TiffImagePlugin.IFDRational)) and value in _TURNS:
        return int(value)
    return _by_hand(image.info.get("exif"))


def _by_hand(exif: object) -> int:
    """The orientation in the first directory of an EXIF block, read without looking at any other entry."""
    if not isinstance(exif, bytes):
        return _UPRIGHT
    block = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "little", b"MM": "big"}.get(block[:2])
    if order not in ("little", "big") or len(block) < _HEADER:
        return _UPRIGHT

    def number(at: int, width: int) -> int:
        return int.from_bytes(block[at : at + width], "little" if order == "little" else "big")

    start = number(4, 4)
    for at in range(start + 2, start + 2 + _ENTRY * number(start, 2), _ENTRY):
        if number(at, 2) == ORIENTATION_TAG and number(at + 2, 2) == _SHORT:
            return number(at + 8, 2) if number(at + 8, 2) in _TURNS else _UPRIGHT
        if at >= len(block):
            break
    return _UPRIGHT
