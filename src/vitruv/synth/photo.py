"""What a camera does to a picture: blur, exposure, colour, noise, low resolution, JPEG."""

from __future__ import annotations

import io

import numpy as np
from numba import njit
from PIL import Image

from vitruv.types import AnyArray, Float32Array, UInt8Array

_NOISE_SIDE = 512
_CURVE_STEPS = 1024
_MIDDLE = 0.45  # mean brightness that cameras strive for
_BRIGHTNESS = ((np.arange(2 * _CURVE_STEPS) + 0.5) / _CURVE_STEPS).astype(np.float32)


@njit(cache=True, nogil=True, error_model="numpy")
def blur(image: AnyArray, kernel: AnyArray) -> AnyArray:
    """Separable convolution of (h, w, 3) float32 with an odd kernel, borders repeated.

    The innermost loops run over plain rows of numbers without conditions, which compilers turn into vector instructions.
    """
    height, width, channels = image.shape
    reach, length = len(kernel) // 2, width * channels
    across = np.empty((height, length), np.float32)
    padded = np.empty(length + 2 * reach * channels, np.float32)
    for y in range(height):
        line = image[y].reshape(length)
        for k in range(reach):
            for c in range(channels):
                padded[k * channels + c] = line[c]
                padded[(reach + width + k) * channels + c] = line[length - channels + c]
        padded[reach * channels : reach * channels + length] = line
        row = across[y]
        row[:] = np.float32(0.0)
        for k in range(len(kernel)):
            weight, start = kernel[k], k * channels
            for i in range(length):
                row[i] += weight * padded[start + i]
    out = np.empty((height, length), np.float32)
    for y in range(height):
        row = out[y]
        row[:] = np.float32(0.0)
        for k in range(len(kernel)):
            weight, other = kernel[k], across[min(max(y + k - reach, 0), height - 1)]
            for i in range(length):
                row[i] += weight * other[i]
    return out.reshape(height, width, channels)


def gaussian_kernel(sigma: float) -> Float32Array:
    """Odd, sums to one, reaches 2.5 sigma."""
    reach = max(1, int(np.ceil(2.5 * sigma)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-3)) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)


@njit(cache=True, nogil=True, error_model="numpy")
def smear(image: AnyArray, dx: float, dy: float, taps: int) -> AnyArray:
    """Motion blur: the mean of `taps` copies along the line from -(dx, dy) / 2 to +(dx, dy) / 2 pixels."""
    height, width, channels = image.shape
    out = np.zeros_like(image)
    scale = np.float32(1.0 / taps)
    for k in range(taps):
        share = k / (taps - 1) - 0.5
        sx, sy = int(np.round(share * dx)), int(np.round(share * dy))
        for y in range(height):
            yy = min(max(y + sy, 0), height - 1)
            for x in range(width):
                xx = min(max(x + sx, 0), width - 1)
                for c in range(channels):
                    out[y, x, c] += scale * image[yy, xx, c]
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _develop(
    image: AnyArray, gain: AnyArray, curve: AnyArray, contrast: float, grey: float, vignette: float,
    noise: AnyArray, noise_y: int, noise_x: int, sigma: float, coarse: float, out: AnyArray,
) -> None:  # fmt: skip
    """noise: (s, s, 3) float32 with s a power of two. Two passes over every row: the curve is looked up pixel by pixel, the rest
    is plain arithmetic on rows, which compilers turn into vector instructions."""
    height, width, _ = image.shape
    side, last = noise.shape[0], len(curve) - 1
    row = np.empty(3 * width, np.float32)
    grain = np.empty(3 * width, np.float32)
    steps = np.float32(_CURVE_STEPS)
    colour, spread, slowly = np.float32(1.0 - grey), np.float32(sigma), np.float32(coarse)
    scale = np.float32(255.0 * contrast)
    offset = np.float32(255.0 * (0.5 - 0.5 * contrast) + 0.5)
    for y in range(height):
        off_y = (y + 0.5) / height - 0.5
        fine, slow = noise[(y + noise_y) & (side - 1)], noise[((y + noise_x) // 2) & (side - 1)]
        for x in range(width):
            off_x = (x + 0.5) / width - 0.5
            shade = steps * np.float32(1.0 - vignette * (off_x * off_x + off_y * off_y))
            r = curve[min(max(int(image[y, x, 0] * gain[0] * shade), 0), last)]
            g = curve[min(max(int(image[y, x, 1] * gain[1] * shade), 0), last)]
            b = curve[min(max(int(image[y, x, 2] * gain[2] * shade), 0), last)]
            luma = np.float32(0.299) * r + np.float32(0.587) * g + np.float32(0.114) * b
            row[3 * x] = luma + colour * (r - luma)
            row[3 * x + 1] = luma + colour * (g - luma)
            row[3 * x + 2] = luma + colour * (b - luma)
            column, blotch = (x + noise_x) & (side - 1), slowly * slow[((x + noise_y) // 2) & (side - 1), 0]
            grain[3 * x] = spread * fine[column, 0] + blotch
            grain[3 * x + 1] = spread * fine[column, 1] + blotch
            grain[3 * x + 2] = spread * fine[column, 2] + blotch
        line = out[y].reshape(3 * width)
        for i in range(3 * width):
            line[i] = np.uint8(min(max(row[i] * scale + offset + np.float32(255.0) * grain[i], np.float32(0.0)), np.float32(255.0)))


class CameraEffects:
    """Turns a rendered picture into a photo. Holds a field of noise, so that none has to be drawn per pixel."""

    def __init__(self) -> None:
        self._noise = np.random.default_rng(7).standard_normal((_NOISE_SIDE, _NOISE_SIDE, 3)).astype(np.float32)

    def __call__(self, image: Float32Array, rng: np.random.Generator, *, strength: float = 1.0) -> UInt8Array:
        """image: (h, w, 3) float32, about 0..1 (display values, not linear light). Returns (h, w, 3) uint8.

        strength: 0 leaves the picture as it is but for rounding, 1 is what phones and the web do to photos.
        """
        if strength <= 0:
            return np.asarray(np.clip(image * 255 + 0.5, 0, 255), np.uint8)
        height = image.shape[0]
        chance = rng.random(10)
        if chance[0] < 0.85 * strength:
            sigma = 0.25 + float(rng.exponential(0.35 * strength)) * height / 192
            image = blur(image, gaussian_kernel(min(sigma, 3.0 * height / 192)))
        if chance[1] < 0.10 * strength:
            angle = rng.uniform(0, np.pi)
            length = rng.uniform(2, 9) * height / 192
            image = smear(image, float(length * np.cos(angle)), float(length * np.sin(angle)), int(length) + 2)
        warmth, tint = rng.normal(0, 0.07), rng.normal(0, 0.03)
        # Cameras expose for the middle: most photos are of middle brightness, hardly any is all black or all white.
        brightness = float(image[::4, ::4].mean()) + 1e-3
        wanted = brightness * (_MIDDLE / brightness) ** rng.uniform(0.2, 0.9)
        exposure = np.clip(wanted * np.exp(rng.normal(0, 0.22)), 0.16, 0.72) / brightness
        gain = (exposure * np.array([1 + warmth, 1 + tint, 1 - warmth])).astype(np.float32)
        sigma = float(rng.exponential(0.018 * strength)) if chance[2] < 0.8 else 0.0
        out = np.empty(image.shape, np.uint8)
        _develop(
            image,
            gain,
            _BRIGHTNESS ** np.float32(np.exp(rng.normal(0, 0.15))),
            float(np.exp(rng.normal(0, 0.15))),
            float(1.0 if chance[3] < 0.04 * strength else (rng.uniform(-0.35, 0.6) if chance[3] < 0.5 else 0.0)),
            float(rng.uniform(0, 0.8) if chance[4] < 0.3 else 0.0),
            self._noise,
            int(rng.integers(_NOISE_SIDE)),
            int(rng.integers(_NOISE_SIDE)),
            min(sigma, 0.10),
            min(sigma, 0.10) * (0.7 if chance[5] < 0.4 else 0.0),
            out,
        )
        if chance[6] < 0.25 * strength:
            out = _low_resolution(out, float(np.exp(rng.uniform(np.log(0.22), np.log(0.9)))), bool(chance[7] < 0.5))
        if chance[8] < 0.6 * strength:
            out = _jpeg(out, int(rng.integers(18, 95)))
        return out


def _low_resolution(image: UInt8Array, scale: float, smooth: bool) -> UInt8Array:
    height, width = image.shape[:2]
    picture = Image.fromarray(image)
    small = picture.resize((max(8, round(width * scale)), max(8, round(height * scale))), Image.Resampling.BOX)
    up = Image.Resampling.BICUBIC if smooth else Image.Resampling.BILINEAR
    return np.asarray(small.resize((width, height), up))


def _jpeg(image: UInt8Array, quality: int) -> UInt8Array:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    buffer.seek(0)
    return np.asarray(Image.open(buffer))
