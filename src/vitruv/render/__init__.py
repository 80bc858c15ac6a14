"""Drawing meshes: a z-buffer, shading, and the six canonical views of the body."""

from vitruv.render.camera import Camera
from vitruv.render.raster import NEAR_M, Raster, rasterise

__all__ = ["NEAR_M", "Camera", "Raster", "rasterise"]
