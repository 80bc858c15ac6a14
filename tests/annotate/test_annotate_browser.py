"""The tool in a real browser: from photo to checked export, two windows on one task, a server that goes away."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from annotating import photo_bytes, wait_until

from vitruv.annotate import Project, Views, add_photo, owner_token
from vitruv.annotate.domain.overview import task_state
from vitruv.annotate.study import Server
from vitruv.cli import check

CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 90_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_OPTIONS)
        yield opened
        opened.close()


class Window:
    """A browser window of somebody, and everything that its console complained about."""

    def __init__(self, browser: Any, server: Server, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.base = f"http://127.0.0.1:{server.port}"
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)

    def enter(self, token: str) -> None:
        self.page.goto(f"{self.base}/#/enter/{token}")
        self.page.wait_for_selector("#start")
        assert token not in self.page.url, "the secret leaves the address bar"

    def go(self, where: str) -> None:
        self.page.goto(f"{self.base}/#/{where}")

    def stage(self) -> tuple[float, float, float, float]:
        """x, y, width, height of the large canvas."""
        self.page.wait_for_selector("canvas.stage")
        self.page.wait_for_timeout(400)
        box = self.page.query_selector("canvas.stage").bounding_box()
        return box["x"], box["y"], box["width"], box["height"]

    def drag(self, *places: tuple[float, float]) -> None:
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=3)
        self.page.mouse.up()

    def saved(self) -> None:
        self.page.wait_for_selector(".saving-state.saved")

    def picture(self, name: str) -> None:
        """Screenshots for people to look at, where VITRUV_SCREENSHOTS says."""
        folder = os.environ.get("VITRUV_SCREENSHOTS")
        if folder:
            self.page.wait_for_timeout(300)
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"))


@pytest.fixture
def window(browser: Any, project: Project, serve: Callable[[Project], Server]) -> Iterator[Window]:
    opened = Window(browser, serve(project))
    yield opened
    opened.context.close()
    assert opened.complaints == []


def _box_somebody(window: Window) -> None:
    window.go("next/boxes")
    x, y, w, h = window.stage()
    window.drag((x + 0.36 * w, y + 0.08 * h), (x + 0.5 * w, y + 0.5 * h), (x + 0.64 * w, y + 0.95 * h))
    window.page.wait_for_selector("text=Person 1")
    window.saved()
    window.picture("boxes")
    window.page.click("#submit")
    window.page.wait_for_selector(".parts")


def _outline(window: Window) -> None:
    x, y, w, h = window.stage()
    cx, cy = x + w / 2, y + h / 2
    window.page.keyboard.press("2")  # torso, corner by corner
    for dx, dy in [(-0.1, -0.15), (0.1, -0.15), (0.1, 0.15), (-0.1, 0.15)]:
        window.page.mouse.click(cx + dx * h, cy + dy * h)
    window.page.keyboard.press("c")
    window.page.keyboard.press("1")  # head, drawn freely
    ring = [(cx + 0.07 * h * math.cos(a / 5), cy - 0.28 * h + 0.09 * h * math.sin(a / 5)) for a in range(32)]
    window.drag(*ring)
    window.page.keyboard.press("b")
    window.page.keyboard.press("9")  # a leg with the brush
    window.drag((cx - 0.05 * h, cy + 0.2 * h), (cx - 0.05 * h, cy + 0.4 * h))
    window.page.keyboard.press("Control+z")
    window.page.keyboard.press("Control+Shift+Z")
    window.saved()
    window.picture("parts")


def test_from_photo_to_checked_export(window: Window, project: Project, tmp_path: Path) -> None:
    photo = tmp_path / "holiday.jpg"
    photo.write_bytes(photo_bytes(3, (640, 480), "JPEG"))
    page = window.page
    window.enter(owner_token(project))
    window.go("photos")
    page.set_input_files("#files", str(photo))
    page.wait_for_selector(".photo img")
    window.picture("photos")
    _box_somebody(window)
    _outline(window)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".question strong")
    page.wait_for_selector(".tile figcaption kbd")
    asked = page.query_selector_all(".bead")
    assert len(asked) >= 20
    task = page.url.rsplit("/", 1)[1]
    page.select_option("select[aria-label='When the next point comes']", "0")
    owner = task_owner(project)
    # With the mouse: click the middle of the first view, drag to correct.
    tile = page.query_selector(".tile canvas").bounding_box()
    middle = (tile["x"] + tile["width"] / 2, tile["y"] + tile["height"] / 2)
    window.drag(middle, (middle[0] + 9, middle[1] + 5))
    page.wait_for_selector("text=Point 2 of")
    # With the keyboard: the cross on the fourth view, moved, put down.
    for key in ("4", "ArrowUp", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("text=Point 3 of")
    page.keyboard.press("s")
    page.wait_for_selector("text=Point 4 of")
    page.keyboard.press("Backspace")
    page.wait_for_selector("text=Point 3 of")
    page.keyboard.press("Enter")
    window.picture("points")
    window.saved()
    points = task_state(project, owner, task)["points"]
    assert [p["state"] for p in points[:4]] == ["placed", "placed", "skipped", "open"]
    assert points[0]["chart"] == 2, "the middle of the front view of the torso"
    assert points[1]["chart"] == 1, "the view from behind"
    for n in range(len(points) - 3):
        page.wait_for_selector(f"text=Point {n + 4} of")
        page.keyboard.press("s")
    window.saved()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=Everything is done")
    window.picture("home")
    window.go("project")
    with page.expect_download() as download:
        page.click("#export")
    exported = tmp_path / "densepose_coco.json"
    download.value.save_as(exported)
    assert check.main([str(exported)]) == 0
    (person,) = json.loads(exported.read_text())["annotations"]
    assert person["dp_I"] == [2.0, 1.0]
    assert sum(bool(mask) for mask in person["dp_masks"]) == 3


def test_a_person_by_accepting_guesses(browser: Any, project: Project, views: Views) -> None:
    """From box to points of the astronaut by what the model proposes; then the points are taken back."""
    add_photo(project, "astronaut.jpg", (Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg").read_bytes())
    with Server(project, views) as server:
        window = Window(browser, server)
        page = window.page
        window.enter(owner_token(project))
        page.click("#start")
        for _ in range(2):  # boxes, then parts of the same person
            page.wait_for_selector("canvas.stage")
            page.click("#propose")
            page.wait_for_selector(".people button, .parts button.done")
            window.saved()
            page.click("#submit")
            page.wait_for_selector("text=Submitted")
            page.wait_for_selector(".parts, .question strong")
        page.wait_for_selector(".question strong")
        task = page.url.rsplit("/", 1)[1]
        page.keyboard.press("m")
        page.wait_for_selector("#accept-all:not([hidden])")
        window.picture("guesses")
        for _ in range(8):  # as fast as the keyboard can
            page.keyboard.press("t")
        assert len(page.query_selector_all(".bead.placed")) == 8, "each press answers a point"
        page.keyboard.press("Enter")
        assert len(page.query_selector_all(".bead.placed")) == 9
        page.keyboard.press("Shift+Enter")
        doubtful = page.query_selector_all(".bead.open")
        assert len(page.query_selector_all(".bead.placed")) > 9
        tile = page.query_selector(".tile canvas").bounding_box()
        page.select_option("select[aria-label='When the next point comes']", "0")
        if doubtful:  # a click corrects
            page.mouse.click(tile["x"] + tile["width"] / 2, tile["y"] + tile["height"] / 2)
        while page.query_selector(".bead.open"):
            page.keyboard.press("s")
        window.saved()
        page.click("#submit")
        page.wait_for_selector("text=Everything is done")
        owner = task_owner(project)
        points = task_state(project, owner, task)["points"]
        assert sum(p["source"] == "guess" for p in points) > 0.5 * len(points)
        page.click("text=Undo")
        page.wait_for_selector(".question strong")
        assert task_state(project, owner, task)["state"] == "open"
        page.click("#submit")
        page.wait_for_selector("text=Everything is done")
        window.go(f"look/{task}")
        page.click("#reopen")
        page.wait_for_selector("#submit")
        assert task_state(project, owner, task)["state"] == "open"
        window.context.close()
        assert window.complaints == []


def test_an_error_stays_on_its_page(window: Window, project: Project) -> None:
    add_photo(project, "a.png", photo_bytes(1, (640, 480)))
    window.enter(owner_token(project))
    _box_somebody(window)
    window.page.click("#submit")
    window.page.wait_for_selector(".note.error >> text=Outline at least one visible part before you submit")
    window.go("")
    window.page.wait_for_selector("#start")
    assert window.page.query_selector(".note.error") is None
    window.complaints.clear()  # the browser reports the refused request in its console


def task_owner(project: Project) -> Any:
    from vitruv.annotate.domain.accounts import by_token

    return by_token(project, owner_token(project))


@pytest.mark.slow
def test_two_windows_on_one_task(window: Window, browser: Any, project: Project) -> None:
    add_photo(project, "a.png", photo_bytes(1, (640, 480)))
    token = owner_token(project)
    window.enter(token)
    _box_somebody(window)
    _outline(window)
    task = window.page.url.rsplit("/", 1)[1]
    before = task_state(project, task_owner(project), task)["masks"]
    second = window.context.new_page()
    second.set_default_timeout(PATIENCE_MS)
    second.goto(window.page.url)
    second.wait_for_selector(".parts button.done")
    x, y, _, _ = window.stage()
    window.drag((x + 500, y + 600), (x + 520, y + 620))  # a stroke in the first window
    window.page.wait_for_selector("text=This task has changed")
    window.picture("moved-on")
    assert task_state(project, task_owner(project), task)["masks"] == before, "nothing was changed"
    window.page.click("text=Continue here")
    window.page.wait_for_selector(".parts button.done")
    x, y, _, _ = window.stage()
    window.page.keyboard.press("b")
    window.drag((x + 500, y + 600), (x + 520, y + 620))
    window.saved()
    window.complaints.clear()  # the browser reports the refused request in its console


@pytest.mark.slow
def test_strokes_wait_for_a_server_that_is_away(browser: Any, project: Project, views: Views) -> None:
    add_photo(project, "a.png", photo_bytes(1, (640, 480)))
    token = owner_token(project)
    with Server(project, views) as server:
        window = Window(browser, server)
        window.enter(token)
        _box_somebody(window)
        _outline(window)
        task = window.page.url.rsplit("/", 1)[1]
        window.context.set_offline(True)
        x, y, _, _ = window.stage()
        window.page.keyboard.press("p")  # left foot
        window.drag((x + 500, y + 600), (x + 540, y + 600))
        window.page.wait_for_selector(".saving-state.waiting")
        assert "cannot be reached" in window.page.inner_text(".saving-state")
        window.picture("waiting")
        assert 4 not in task_state(project, task_owner(project), task)["masks"]
        window.context.set_offline(False)
        window.saved()
        wait_until(lambda: 4 in task_state(project, task_owner(project), task)["masks"])
        # Closing the window with unsaved strokes: they are in the browser, and come back with the task.
        window.context.set_offline(True)
        window.page.keyboard.press("o")  # right foot
        window.drag((x + 460, y + 600), (x + 480, y + 600))
        window.page.wait_for_selector(".saving-state.waiting")
        window.page.close(run_before_unload=False)
        window.context.set_offline(False)
        window.page = window.context.new_page()
        window.page.set_default_timeout(PATIENCE_MS)
        window.page.goto(f"{window.base}/#/task/{task}")
        window.page.wait_for_selector(".parts button.done")
        wait_until(lambda: 5 in task_state(project, task_owner(project), task)["masks"])
        window.context.close()


@pytest.mark.slow
def test_without_a_link_and_with_a_wrong_one(browser: Any, project: Project, serve: Callable[[Project], Server]) -> None:
    window = Window(browser, serve(project))
    window.go("")
    window.page.wait_for_selector("text=Open your personal link")
    window.go("enter/wrong")
    window.page.wait_for_selector("text=This personal link is not valid")
    window.picture("door")
    window.context.close()


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "size"), [("dark", (1366, 768)), ("light", (820, 1180))])
def test_dark_and_on_a_tablet(browser: Any, project: Project, serve: Callable[[Project], Server], scheme: str, size: Any) -> None:
    """Nothing sticks out of the window, on a laptop at night and on a tablet held upright."""
    add_photo(project, "a.png", photo_bytes(1, (640, 480)))
    window = Window(browser, serve(project), color_scheme=scheme)
    window.page.set_viewport_size({"width": size[0], "height": size[1]})
    window.enter(owner_token(project))
    for where, selector in (("", "#start"), ("photos", ".photo img"), ("project", "#invite"), ("review", "h2")):
        window.go(where)
        window.page.wait_for_selector(selector)
        window.picture(f"{scheme}-{where or 'home'}")
        assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
    _box_somebody(window)
    _outline(window)
    window.page.keyboard.press("Control+Enter")
    window.page.wait_for_selector(".tile figcaption kbd")
    window.page.wait_for_timeout(1500)
    window.picture(f"{scheme}-points")
    assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    window.context.close()
