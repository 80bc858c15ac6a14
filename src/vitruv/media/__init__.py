"""Pictures in: any image file as upright RGB, and folders of them."""

from vitruv.media.folders import PhotoFile, find_photos
from vitruv.media.images import MAX_PIXELS, as_rgb, read_image
from vitruv.media.orientation import orientation_of, upright
from vitruv.media.photo_folder import PhotoFolder

__all__ = ["MAX_PIXELS", "PhotoFile", "PhotoFolder", "as_rgb", "find_photos", "orientation_of", "read_image", "upright"]
