"""The teacher's dense targets ("distillation", the paper, section 3.2): what it says of every annotated person, kept inside the
part masks, on disk in the form that training reads.

DIR/NAME_iuv.png     chart, U, V of every pixel (red, green, blue; U and V times 255, rounded)
DIR/NAME_person.png  0 nobody, i + 1 person i of the picture, in the order of the annotations
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch import nn

from vitruv.errors import InputError, UnwritableFileError
from vitruv.formats import write_png
from vitruv.networks.fcn import FCN
from vitruv.results.canvas import paint
from vitruv.train.densepose.photos import PhotoSource, dense_paths
from vitruv.train.densepose.predict import predict_teacher

_MOST_PEOPLE = 255


def inpaint(network: nn.Module, source: PhotoSource, folder: Path, size_hw: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Write the targets of all pictures with annotated people; yields (done, total). Pictures that are done already are left alone.

    network: the trained teacher, on its device. Smaller people are painted over larger ones. Raises UnwritableFileError.
    """
    if not isinstance(network, FCN):
        raise InputError("the teacher must be a fully convolutional network")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFileError(folder, f"cannot be made ({error.strerror or error})") from None
    network.eval()
    ids = source.annotated_images
    for done, image_id in enumerate(ids, start=1):
        iuv_path, person_path = dense_paths(folder, source.file.images[image_id].file_name)
        # The person file comes last: where it is, the other is whole.
        if not person_path.exists():
            poses, people = predict_teacher(network, source, image_id, size_hw)
            if max(people, default=0) >= _MOST_PEOPLE:
                raise InputError(f"picture {image_id} has more than {_MOST_PEOPLE} people")
            sizes = np.array([(chart.labels > 0).sum() for chart in poses.charts], np.float32)
            chart, person = paint(poses.charts, poses.placements_xywh, -sizes, poses.size_hw)
            codes = np.concatenate([chart.labels[None], np.rint(255 * chart.uv).astype(np.uint8)]).transpose(1, 2, 0)
            seen = np.array([0, *(number + 1 for number in people)], np.uint8)[person]
            write_png(iuv_path, np.ascontiguousarray(codes))
            write_png(person_path, seen)
        yield done, len(ids)
