"""Pictures in: any image file as upright RGB, and folders of them."""

from vitruv.media.folders import PhotoFile, find_photos
from vitruv.media.images import MAX_PIXELS, as_rgb, read_image

__all__ = ["MAX_PIXELS", "PhotoFile", "as_rgb", "find_photos", "read_image"]
