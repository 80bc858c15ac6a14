"""The annotation tool: photos in a browser become DensePose-COCO data.

A `Project` is a folder with photos and a database. Annotators box people, outline their 14 parts, and mark sampled points on six
views of the body. `domain` holds projects, tasks and answers, `http` the server, `static` the pages, and `study` measures how exact
annotators are on photos with known truth.
"""

from vitruv.annotate.domain import (
    Annotator,
    Project,
    Proposer,
    Settings,
    Store,
    Views,
    add_photo,
    add_photo_file,
    export_coco,
    import_coco,
    invite,
    last_address,
    owner_token,
    personal_link,
    save_address,
)
from vitruv.annotate.http import create_app

__all__ = [
    "Annotator",
    "Project",
    "Proposer",
    "Settings",
    "Store",
    "Views",
    "add_photo",
    "add_photo_file",
    "create_app",
    "export_coco",
    "import_coco",
    "invite",
    "last_address",
    "owner_token",
    "personal_link",
    "save_address",
]
