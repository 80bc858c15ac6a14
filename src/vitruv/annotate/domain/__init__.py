"""Projects, photos, people, tasks and answers: everything about annotating that has nothing to do with HTTP."""

from vitruv.annotate.domain.accounts import Annotator, invite, owner_token
from vitruv.annotate.domain.exchange import export_coco, import_coco
from vitruv.annotate.domain.links import last_address, personal_link, save_address
from vitruv.annotate.domain.photos import add_photo, add_photo_file
from vitruv.annotate.domain.project import Project, Settings
from vitruv.annotate.domain.proposer import Proposer
from vitruv.annotate.domain.store import Store
from vitruv.annotate.domain.views import Views

__all__ = [
    "Annotator",
    "Project",
    "Proposer",
    "Settings",
    "Store",
    "Views",
    "add_photo",
    "add_photo_file",
    "export_coco",
    "import_coco",
    "invite",
    "last_address",
    "owner_token",
    "personal_link",
    "save_address",
]
