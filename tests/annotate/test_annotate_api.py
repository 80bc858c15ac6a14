"""The HTTP interface against bad input: every refusal is one sentence, and nothing else happens."""

from __future__ import annotations

import http.client
import json
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from annotating import add_photos, enter, photo_bytes

from vitruv.annotate import Project, add_photo_file, owner_token
from vitruv.annotate.study import Server
from vitruv.annotate.study.local_server import Client, HTTPError
from vitruv.http.errors import TooLargeError

Serve = Callable[[Project], Server]


def ask(
    server: Server, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    is_json = response.headers.get_content_type() == "application/json"
    return response.status, json.loads(content) if is_json else {}, response.headers


def upload(server: Server, client: Client, name: str, data: bytes) -> tuple[int, dict[str, Any]]:
    status, answer, _ = ask(server, "POST", f"/api/photos?name={name}", data, {"Authorization": f"Bearer {client._token}"})
    return status, answer


ADDRESSES = (
    [("GET", path) for path in ("/api/me", "/api/project", "/api/photos", "/api/tasks", "/api/export", "/api/agreement")]
    + [("GET", path) for path in ("/api/photos/x/image", "/api/photos/x/thumbnail", "/api/views/1", "/api/views/1/0/image.png")]
    + [("POST", path) for path in ("/api/next", "/api/photos", "/api/import", "/api/annotators", "/api/tasks/x/lease")]
    + [("PUT", path) for path in ("/api/tasks/x/masks", "/api/tasks/x/points/0", "/api/tasks/x/boxes")]
)


def test_nothing_is_told_without_a_token(project: Project, serve: Serve) -> None:
    server = serve(project)
    for method, path in ADDRESSES:
        status, answer, _ = ask(server, method, path, headers={"X-Vitruv": "1"})
        assert (status, answer["code"]) == (401, "no-token"), path
        assert "personal link" in answer["error"]
    status, answer, _ = ask(server, "GET", "/api/me", headers={"Authorization": "Bearer wrong"})
    assert (status, answer["error"]) == (
        401,
        "this personal link is not valid or no longer valid; ask the owner of the project for a new one",
    )


def test_the_link_becomes_a_cookie_that_scripts_and_other_sites_cannot_use(project: Project, serve: Serve) -> None:
    server = serve(project)
    token = owner_token(project)
    body = json.dumps({"token": token}).encode()
    status, answer, headers = ask(server, "POST", "/api/session", body)
    assert (status, answer) == (200, {"name": "Owner", "role": "owner"})
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    sent = {"Cookie": cookie.split(";")[0]}
    assert ask(server, "GET", "/api/me", headers=sent)[1]["role"] == "owner"
    status, answer, _ = ask(server, "POST", "/api/next", b"{}", sent)
    assert (status, answer["error"]) == (403, "requests with a cookie need the header X-Vitruv")
    assert ask(server, "POST", "/api/next", b"{}", {**sent, "X-Vitruv": "1"})[0] == 200
    assert stat.S_IMODE((project.folder / "owner-token").stat().st_mode) == 0o600


def test_every_answer_carries_the_guarding_headers(project: Project, serve: Serve) -> None:
    server = serve(project)
    for path in ("/", "/static/main.js", "/api/me", "/nowhere"):
        headers = ask(server, "GET", path)[2]
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"


OUTSIDE = (
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2f..%2fpyproject.toml", "/static//etc/passwd"],
    ["/../vitruv.sqlite", "/api/photos/..%2fvitruv.sqlite/image", "/api/photos/%2e%2e/image", "/owner-token"],
    ["/api/views/1/0/..%2f..%2fvitruv.sqlite", "/api/views/1/0/part01.npz", "/truth/x.npz", "/photos/"],
)


def test_no_path_leads_out(project: Project, serve: Serve) -> None:
    server = serve(project)
    for path in (path for row in OUTSIDE for path in row):
        status, answer, _ = ask(server, "GET", path, headers={"Authorization": f"Bearer {owner_token(project)}"})
        assert status == 404, path
        assert answer["error"]


PICTURES = [
    (b"", "not a JPEG, PNG or WebP image"),
    (b"hello" * 100, "not a JPEG, PNG or WebP image"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a JPEG, PNG or WebP image"),
    (photo_bytes(1)[:400], "the image is damaged or incomplete"),
    (photo_bytes(1, kind="GIF"), "not a JPEG, PNG or WebP image"),
    (photo_bytes(1, kind="TIFF"), "not a JPEG, PNG or WebP image"),
]


def test_only_complete_images_are_accepted(project: Project, serve: Serve) -> None:
    server = serve(project)
    owner = enter(project, server, "Olga", "owner")
    for data, message in PICTURES:
        status, answer = upload(server, owner, "a.jpg", data)
        assert status == 422
        assert answer["error"].startswith("a.jpg: ")
        assert message in answer["error"]
    assert list(project.photo_folder.iterdir()) == []


def test_too_many_pixels_and_too_many_bytes(project: Project, serve: Serve) -> None:
    project.change({"photo_megapixels": 1, "photo_megabytes": 1})
    server = serve(project)
    owner = enter(project, server, "Olga", "owner")
    status, answer = upload(server, owner, "big.jpg", photo_bytes(1, (2000, 1000), "JPEG"))
    assert (status, answer["error"]) == (413, "big.jpg: 2000 x 1000 pixels; the project accepts up to 1 million")
    status, answer = upload(server, owner, "long.png", b"\x89PNG" + bytes(3_000_000))
    assert (status, answer["error"]) == (413, "long.png: more than 1 MB, the limit of this server")
    assert list(project.photo_folder.iterdir()) == []


def test_a_large_file_of_the_command_line_is_not_even_read(project: Project, tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(10**12)  # a terabyte of nothing
    with pytest.raises(
        TooLargeError, match=r"^huge.jpg: more than 40 MB; shrink the photo or raise the limit in the project settings$"
    ):
        add_photo_file(project, tmp_path / "huge.jpg")


def test_large_annotations_go_through_a_file_that_is_gone_afterwards(project: Project, serve: Serve) -> None:
    server = serve(project)
    owner = enter(project, server, "Olga", "owner")
    data = json.dumps({"images": [], "annotations": [], "info": "x" * 3_000_000}).encode()
    for body, status in ((data, 200), (data[:-1], 422)):
        assert ask(server, "POST", "/api/import", body, {"Authorization": f"Bearer {owner._token}"})[0] == status
    status, answer, headers = ask(server, "GET", "/api/export", headers={"Authorization": f"Bearer {owner._token}"})
    assert (status, answer["annotations"]) == (200, [])
    assert headers["content-disposition"] == 'attachment; filename="densepose_coco.json"'
    deadline = time.monotonic() + 10  # the file goes after the answer has left
    while (left := [path.name for path in project.folder.iterdir() if path.name.startswith(".")]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == []


def test_hostile_names_stay_names(project: Project, serve: Serve) -> None:
    server = serve(project)
    owner = enter(project, server, "Olga", "owner")
    for i, (sent, kept) in enumerate([("../../evil.png", "evil.png"), ("a%00b%0d.png", "ab.png"), ("..", "photo")]):
        assert upload(server, owner, sent, photo_bytes(i))[1]["name"] == kept
    assert {path.parent for path in project.photo_folder.iterdir()} == {project.photo_folder}
    status, answer = upload(server, owner, "again.png", photo_bytes(0))
    assert (status, answer["new"], answer["name"]) == (200, False, "evil.png"), "the same bytes are the same photo"


WRONG_JSON = [
    (b"{", "the request is not JSON"),
    (b"\xff\xfe", "the request is not JSON"),
    (b"[" * 100_000, "the request is not JSON"),
    (b"[1]", "the request must be a JSON object, but is a list"),
    (b'{"kinds": 7}', "kinds must be a list"),
    (b'{"kinds": ["naps"]}', "kinds must be some of boxes, parts, points, but got ['naps']"),
]


def test_wrong_json(project: Project, serve: Serve) -> None:
    server = serve(project)
    ada = enter(project, server)
    for data, message in WRONG_JSON:
        status, answer, _ = ask(server, "POST", "/api/next", data, {"Authorization": f"Bearer {ada._token}"})
        assert (status, answer["error"]) == (422, message)


def test_wrong_annotation_files(project: Project, serve: Serve) -> None:
    server = serve(project)
    owner = enter(project, server, "Olga", "owner")
    for data in (b"{}", b'{"images": [], "annotations": {}}', b'{"images": [{"id": 1}], "annotations": []}', b"x"):
        status, answer, _ = ask(server, "POST", "/api/import", data, {"Authorization": f"Bearer {owner._token}"})
        assert status == 422
        assert answer["error"].startswith("the annotations: ")


def test_roles(project: Project, serve: Serve) -> None:
    server = serve(project)
    ada, rita = enter(project, server), enter(project, server, "Rita", "reviewer")
    for method, path in (("POST", "/api/annotators"), ("PATCH", "/api/project"), ("POST", "/api/photos"), ("POST", "/api/import")):
        with pytest.raises(HTTPError, match="Rita is reviewer in this project; this needs the owner"):
            rita(method, path, {})
    for path in ("/api/export", "/api/agreement", "/api/tasks?state=open"):
        with pytest.raises(HTTPError, match="Ada is annotator in this project; this needs the reviewer"):
            ada("GET", path)


def test_people_who_are_kept_out_are_out_at_once(project: Project, serve: Serve) -> None:
    server = serve(project)
    owner, ada = enter(project, server, "Olga", "owner"), enter(project, server)
    me = ada("GET", "/api/me")["id"]
    owner("PATCH", f"/api/annotators/{me}", {"active": False})
    with pytest.raises(HTTPError, match="not valid"):
        ada("GET", "/api/me")
    with pytest.raises(HTTPError, match="cannot deactivate yourself"):
        owner("PATCH", f"/api/annotators/{owner('GET', '/api/me')['id']}", {"active": False})
    token = owner("POST", f"/api/annotators/{me}/link")["token"]
    owner("PATCH", f"/api/annotators/{me}", {"active": True})
    assert server.client(token)("GET", "/api/me")["name"] == "Ada"


SETTINGS = [
    ({"replicas": 0}, "replicas must be between 1 and 10, but got 0"),
    ({"replicas": 1.5}, "replicas must be a whole number"),
    ({"lease_minutes": "long"}, "lease_minutes must be between"),
    ({"review": 1}, "review must be true or false"),
    ({"name": " "}, "must have 1 to 100 characters"),
    ({"colour": 1}, "a project has no setting 'colour'"),
]


def test_settings_that_make_no_sense(project: Project, serve: Serve) -> None:
    server = serve(project)
    owner = enter(project, server, "Olga", "owner")
    for change, message in SETTINGS:
        with pytest.raises(HTTPError, match=message):
            owner("PATCH", "/api/project", change)
    assert owner("GET", "/api/project")["settings"]["replicas"] == 1


def test_pictures_arrive_as_they_are(project: Project, serve: Serve) -> None:
    server = serve(project)
    ada = enter(project, server)
    (photo,) = add_photos(project, 1)
    for layer, kind in (("image", "image/png"), ("thumbnail", "image/jpeg")):
        status, _, headers = ask(server, "GET", f"/api/photos/{photo}/{layer}", headers={"Authorization": f"Bearer {ada._token}"})
        assert (status, headers.get_content_type()) == (200, kind)
