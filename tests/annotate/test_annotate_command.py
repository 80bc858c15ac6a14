"""The command line of the tool: no project by mistake, links that work, summaries that a person would write."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from annotating import photo_bytes
from PIL import Image

from vitruv.annotate import Project, last_address, personal_link, save_address
from vitruv.annotate.domain.accounts import by_token
from vitruv.cli import annotate
from vitruv.errors import InputError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(2):
        (folder / f"{i}.png").write_bytes(photo_bytes(i))
    return folder


@pytest.mark.parametrize("command", ["add", "invite", "export", "study"])
def test_a_mistyped_project_is_not_created(command: str, tmp_path: Path, photos: Path) -> None:
    folder = tmp_path / "sumer"
    arguments = {
        "add": [str(photos)],
        "invite": ["Ada"],
        "export": ["--output", str(tmp_path / "out.json")],
        "study": ["--photos", "1"],
    }[command]
    with pytest.raises(InputError, match=f"^there is no annotation project in {folder}: check --project, or create one with "):
        annotate.main([command, *arguments, "--project", str(folder)])
    assert not folder.exists()
    assert not (tmp_path / "out.json").exists()


def test_add_creates_a_project_when_asked(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = ["--project", str(tmp_path / "summer")]
    assert annotate.main(["add", str(photos / "0.png"), "--create", *project]) == 0
    assert capsys.readouterr().out == "1 photo added, 0 already present\n"
    (photos / "broken.png").write_bytes(b"not an image")
    assert annotate.main(["add", str(photos), *project]) == 1
    captured = capsys.readouterr()
    assert captured.out == "1 photo added, 1 already present\n"
    assert captured.err == "vitruv annotate: broken.png: not a JPEG, PNG or WebP image\n"


def test_add_without_anything_to_add(project: Project) -> None:
    with pytest.raises(InputError, match="give at least one photo or folder, or --annotations FILE"):
        annotate.main(["add", "--project", str(project.folder)])


def test_an_invitation_is_a_link_that_works(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--project", str(project.folder)]
    assert annotate.main(["invite", "Ada", *folder]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Ada's link: http://localhost:8642/#/enter/")
    assert "never served" in captured.err
    assert by_token(project, captured.out.strip().rsplit("/", 1)[1]).name == "Ada"
    save_address(project, "http://localhost:9000/")  # as `serve` does
    assert annotate.main(["invite", "Ben", *folder]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Ben's link: http://localhost:9000/#/enter/")
    assert captured.err == ""
    assert annotate.main(["invite", "Cleo", "--address", "https://annotate.example.org", *folder]) == 0
    assert capsys.readouterr().out.startswith("Cleo's link: https://annotate.example.org/#/enter/")
    assert last_address(project) == "https://annotate.example.org"


@pytest.mark.parametrize("address", ["annotate.example.org", "ftp://x", "https://", "https://x/?a=b", ""])
def test_addresses_that_make_no_link(project: Project, address: str) -> None:
    with pytest.raises(InputError, match=r"^--address must look like https://annotate\.example\.org, but got "):
        save_address(project, address)
    assert last_address(project) is None


def test_personal_links() -> None:
    assert personal_link("https://a.example", "secret") == "https://a.example/#/enter/secret"


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("serve", "add", "invite", "export", "study"):
        with pytest.raises(SystemExit) as stopped:
            annotate.main([command, "--help"])
        assert stopped.value.code == 0
        assert "--project" in capsys.readouterr().out


def test_export_says_what_is_in_the_file(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (60, 40)).save(picture, "PNG")
    (tmp_path / "a.png").write_bytes(picture.getvalue())
    annotate.main(["add", str(tmp_path / "a.png"), "--project", str(project.folder)])
    output = tmp_path / "out.json"
    assert annotate.main(["export", "-o", str(output), "--project", str(project.folder)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{output}: 1 photo, 0 people, 0 with part masks, 0 points"
