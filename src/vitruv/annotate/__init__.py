"""The annotation tool: photos in a browser become DensePose-COCO data.

A `Project` is a folder with photos and a database. Annotators box people, outline their 14 parts, and mark sampled points on six
views of the body; `leases` and `workflow` say who does what, `exchange` reads and writes COCO files, `study` measures how exact
annotators are on photos with known truth.
"""

from vitruv.annotate.accounts import Annotator, invite, owner_token
from vitruv.annotate.app import create_app
from vitruv.annotate.exchange import export_coco, import_coco
from vitruv.annotate.listening import listen
from vitruv.annotate.photos import add_photo, add_photo_file
from vitruv.annotate.project import Project, Settings
from vitruv.annotate.proposer import Proposer
from vitruv.annotate.store import Store
from vitruv.annotate.views import Views

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
    "listen",
    "owner_token",
]
