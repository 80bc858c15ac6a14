"""`vitruv` itself: verbs, and how errors leave it."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from vitruv import __version__
from vitruv.cli import VERBS, Verb, main
from vitruv.cli.extras import EXTRAS
from vitruv.errors import InputError


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A verb `try` whose module is this one."""
    module = ModuleType("vitruv_try")
    monkeypatch.setitem(sys.modules, "vitruv_try", module)
    monkeypatch.setitem(VERBS, "try", Verb("vitruv_try", "for tests", "train"))
    return module


def test_no_verb_prints_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: vitruv COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("argument", ["-h", "--help", "help"])
def test_help_lists_every_verb(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([argument]) == 0
    text = capsys.readouterr().out
    for name, verb in VERBS.items():
        assert f"  {name} " in text
        assert verb.help in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"vitruv {__version__}\n"


def test_unknown_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predcit", "a.jpg"]) == 2
    assert capsys.readouterr().err == "vitruv: unknown command 'predcit'; did you mean 'predict'?\n"
    assert main(["xyz"]) == 2
    assert capsys.readouterr().err.startswith("vitruv: unknown command 'xyz'; choose from predict, ")
    assert main(["body", "biuld"]) == 2
    assert capsys.readouterr().err == "vitruv body: unknown command 'biuld'; did you mean 'build'?\n"


def test_status_and_arguments_are_passed_on(verb: ModuleType) -> None:
    seen: list[list[str]] = []
    verb.main = lambda argv: seen.append(argv) or 7  # type: ignore[attr-defined]
    assert main(["try", "a", "--b"]) == 7
    assert seen == [["a", "--b"]]


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (InputError("boxes[0] is empty"), 1, "vitruv try: boxes[0] is empty\n"),
        (KeyboardInterrupt(), 130, "vitruv try: stopped\n"),
        (
            ModuleNotFoundError("No module named 'numba.core'", name="numba.core"),
            1,
            "vitruv try: this needs the package 'numba': install it with `pip install 'vitruv[train]'`, "
            "or in a checkout with `pip install -e '.[train]'`\n",
        ),
        (
            ModuleNotFoundError("No module named 'av'", name="av"),
            1,
            "vitruv try: this needs the package 'av': install it with `pip install 'vitruv[video]'`, "
            "or in a checkout with `pip install -e '.[video]'`\n",
        ),
    ],
)
def test_expected_errors_are_one_line(
    verb: ModuleType, error: BaseException, status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(argv: list[str]) -> int:
        raise error

    verb.main = fail  # type: ignore[attr-defined]
    assert main(["try"]) == status
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("a bug"), ModuleNotFoundError("x", name="vitruv.gone"), ModuleNotFoundError("x", name="resource")]
)
def test_bugs_are_not_hidden(verb: ModuleType, error: Exception) -> None:
    def fail(argv: list[str]) -> int:
        raise error

    verb.main = fail  # type: ignore[attr-defined]
    with pytest.raises(type(error)):
        main(["try"])


def test_as_a_module() -> None:
    result = subprocess.run([sys.executable, "-m", "vitruv", "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"vitruv {__version__}\n"


def test_only_the_verb_is_imported() -> None:
    program = "import sys; from vitruv.cli import main; main(['-h']); print({'torch', 'tyro', 'PIL'} & set(sys.modules))"
    assert run(program).stdout.splitlines()[-1] == "set()"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_closed_pipe_is_quiet() -> None:
    command = f'"{sys.executable}" -m vitruv --help | true'
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert result.stderr == ""


@pytest.mark.parametrize("name", list(VERBS))
def test_every_verb_has_a_module(name: str) -> None:
    assert importlib.util.find_spec(VERBS[name].module) is not None


def test_the_table_of_extras_is_that_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    names = {"python-multipart": "multipart", "prometheus-client": "prometheus_client"}
    for extra in extras.keys() - {"dev", "docs"}:
        packages = [re.split(r"[\[<>=]", line)[0] for line in extras[extra]]
        assert sorted(names.get(package, package) for package in packages) == sorted(EXTRAS[extra]), extra
    assert EXTRAS.keys() == extras.keys() - {"dev", "docs"}


def test_what_the_system_refuses_about_a_file_is_one_line(verb: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    verb.main = lambda argv: Path("/proc/none/x").mkdir()
    assert main(["try"]) == 1
    assert capsys.readouterr().err == "vitruv try: /proc/none/x: no such file or directory\n"


def test_names_that_the_terminal_does_not_know_cost_nothing() -> None:
    program = (
        "import sys; from vitruv.cli import VERBS, Verb, main; import types\n"
        "module = types.ModuleType('vitruv_try'); sys.modules['vitruv_try'] = module\n"
        "module.main = lambda argv: print('done: \\u51fa\\u529b') or 0\n"
        "VERBS['try'] = Verb('vitruv_try', 'for tests'); sys.exit(main(['try']))"
    )
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    assert (result.returncode, result.stdout.rstrip(), result.stderr) == (0, "done: \\u51fa\\u529b", "")


def test_a_file_in_the_place_of_a_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f").touch()
    assert main(["surface", "report", "--picture", str(tmp_path / "f" / "p.png")]) == 1
    assert capsys.readouterr().err == f"vitruv surface: {tmp_path / 'f' / 'p.png'}: cannot be written: not a directory\n"
