"""The colours in which networks for try-on and animation were shown the charts: 25 by label 0..24, red green blue.

parula, viridis: entry trunc(255 I / 24) of the two colour maps of those names (of 256 entries), nothing between them. Background is
    black with parula, whose entry 0 is never painted, and entry 0 with viridis.
c-vton: 25 colours that its loader knows by exact equality.
"""

from __future__ import annotations

from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]
Colours: TypeAlias = tuple[Colour, ...]

BLACK: Colour = (0, 0, 0)

PARULA: Colours = (
    BLACK,
    *((37, 60, 163), (20, 80, 194), (4, 97, 223), (8, 110, 221), (14, 122, 216), (20, 132, 212), (15, 144, 208), (11, 156, 203)),
    *((6, 166, 198), (22, 173, 185), (38, 179, 172), (55, 185, 159), (86, 187, 144), (114, 189, 130), (145, 191, 116)),
    *((170, 189, 105), (192, 188, 96), (216, 186, 86), (228, 192, 74), (240, 199, 60), (252, 206, 46), (251, 220, 36)),
    *((250, 235, 25), (249, 251, 14)),
)

VIRIDIS: Colours = (
    (68, 1, 84),
    *((71, 16, 99), (72, 31, 112), (71, 44, 122), (68, 57, 131), (64, 70, 136), (59, 81, 139), (54, 93, 141), (49, 104, 142)),
    *((44, 113, 142), (40, 124, 142), (37, 133, 142), (33, 144, 141), (31, 154, 138), (32, 163, 134), (39, 173, 129)),
    *((53, 183, 121), (70, 192, 111), (92, 200, 99), (115, 208, 86), (142, 214, 69), (170, 220, 50), (197, 224, 33)),
    *((226, 228, 24), (253, 231, 37)),
)

C_VTON: Colours = (
    BLACK,
    *((105, 105, 105), (85, 107, 47), (139, 69, 19), (72, 61, 139), (0, 128, 0), (154, 205, 50), (0, 0, 139), (255, 69, 0)),
    *((255, 165, 0), (255, 255, 0), (0, 255, 0), (186, 85, 211), (0, 255, 127), (220, 20, 60), (0, 191, 255), (0, 0, 255)),
    *((216, 191, 216), (255, 0, 255), (30, 144, 255), (219, 112, 147), (240, 230, 140), (255, 20, 147), (255, 160, 122)),
    (127, 255, 212),
)

NAMED: dict[str, Colours] = {"parula": PARULA, "viridis": VIRIDIS, "c-vton": C_VTON}
"""What a preset file may name."""
