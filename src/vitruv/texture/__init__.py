"""Textures of people, from photos onto the 24 charts, back onto photos, and to the layouts of body models; and bodies fitted to
people.

extractor = TextureExtractor(resolution=200)
extractor.add(rgb, people[0])
texture = extractor.texture(fill="all")
write_texture("me.png", texture)                       # 800 x 1200, the layout of the original's textures
apply_texture(texture, other_rgb, other_people)        # (h, w, 3) uint8
to_body_texture(texture, Layout.of_body(), size=1024)  # one picture for the package's own body
"""

from vitruv.texture.apply import apply_texture
from vitruv.texture.atlas_texture import AtlasTexture, read_texture, write_texture
from vitruv.texture.convert import from_body_texture, to_body_texture
from vitruv.texture.extract import Fill, TextureExtractor
from vitruv.texture.fit_body import FittedBody, fit_body, focal_from
from vitruv.texture.layout import Layout
from vitruv.texture.mesh_overlay import draw_bodies
from vitruv.texture.scene import SceneBody, write_scene
from vitruv.texture.tiles import Tiles

__all__ = [
    "AtlasTexture",
    "Fill",
    "FittedBody",
    "Layout",
    "SceneBody",
    "TextureExtractor",
    "Tiles",
    "apply_texture",
    "draw_bodies",
    "fit_body",
    "focal_from",
    "from_body_texture",
    "read_texture",
    "to_body_texture",
    "write_scene",
    "write_texture",
]
