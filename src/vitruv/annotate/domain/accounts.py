"""People and their roles. Everybody has a name and a secret token, given out as a link; the database stores only its hash."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from vitruv.annotate.domain.project import Project
from vitruv.annotate.domain.schema import annotators, new_id
from vitruv.http.errors import (
    ConflictError,
    NotAllowedError,
    NotFoundError,
    NoTokenError,
    UnprocessableError,
    WrongTokenError,
)

ROLES = ("annotator", "reviewer", "owner")
"""Each role includes the one before: annotate; accept and send back; manage photos, people and settings."""

_OWNER_FILE = "owner-token"


@dataclass(frozen=True)
class Annotator:
    id: str
    name: str
    role: str

    def require(self, role: str) -> None:
        """Raise NotAllowedError for a role below `role`."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise NotAllowedError(f"{self.name} is {self.role} in this project; this needs the {role}")


def invite(project: Project, name: object, role: object = "annotator") -> tuple[Annotator, str]:
    """Add a person. Returns the person and the token, which cannot be looked up later."""
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 60:
        raise UnprocessableError("a name must have 1 to 60 characters")
    if role not in ROLES:
        raise UnprocessableError(f"role must be one of {', '.join(ROLES)}, but got {role!r}")
    name = name.strip()
    token = secrets.token_urlsafe(24)
    row = {"id": new_id(), "name": name, "role": role, "token_sha256": _digest(token), "active": True, "created": project.now()}
    with project.store.write() as connection:
        if connection.execute(sa.select(annotators.c.id).where(annotators.c.name == name)).first():
            raise ConflictError(f"{name!r} is already in this project; renew the link instead")
        connection.execute(sa.insert(annotators).values(**row))
    return Annotator(str(row["id"]), name, str(role)), token


def renew(project: Project, annotator_id: str) -> str:
    """A new token for a person who lost the link; the old one stops working."""
    token = secrets.token_urlsafe(24)
    _change(project, annotator_id, token_sha256=_digest(token))
    return token


def set_active(project: Project, annotator_id: str, active: bool) -> None:
    """Allow or deny a person access; their work stays."""
    _change(project, annotator_id, active=active)


def _change(project: Project, annotator_id: str, **values: object) -> None:
    with project.store.write() as connection:
        changed = connection.execute(sa.update(annotators).where(annotators.c.id == annotator_id).values(**values))
        if changed.rowcount == 0:
            raise NotFoundError("this project has no person with this id")


def by_token(project: Project, token: str | None) -> Annotator:
    """The person with this token. Raises NoTokenError without a token, WrongTokenError when it is unknown or deactivated."""
    if not token:
        raise NoTokenError("open the tool with your personal link; ask the owner of the project for it")
    with project.store.query_once() as connection:
        row = connection.execute(sa.select(annotators).where(annotators.c.token_sha256 == _digest(token))).one_or_none()
    if row is None or not row.active:
        raise WrongTokenError("this personal link is not valid or no longer valid; ask the owner of the project for a new one")
    return Annotator(row.id, row.name, row.role)


def owner_token(project: Project) -> str:
    """The owner's token, kept in a file that only the current user of this machine can read."""
    path = project.folder / _OWNER_FILE
    if path.exists():
        token = path.read_text().strip()
        try:
            by_token(project, token)
        except NoTokenError:
            pass
        else:
            return token
    with project.store.read() as connection:
        row = connection.execute(sa.select(annotators.c.id).where(annotators.c.name == "Owner")).one_or_none()
    if row is None:
        _, token = invite(project, "Owner", "owner")
    else:
        token = renew(project, row.id)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(token)
    return token


def _digest(token: str) -> str:
    # Tokens are 192 random bits, so a plain hash cannot be reversed by guessing.
    return hashlib.sha256(token.encode()).hexdigest()
