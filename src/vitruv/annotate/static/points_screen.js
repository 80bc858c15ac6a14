// @ts-check
/** Stage two: where on the body is this pixel? One point after another, on six views of its part. */

import { api, picture } from "./api.js";
import { PARTS, css } from "./body_parts.js";
import { byId, h, note, shown } from "./dom.js";
import { LabelMap } from "./labelmap.js";
import { dot, target } from "./photo_marks.js";
import { bindZoom, dimOutside } from "./photo_stage.js";
import { GRID } from "./rle.js";
import { Stage } from "./stage.js";
import { ViewTile } from "./view_tile.js";
import { loadViews } from "./views.js";

/** @type {[string, number, number][]} */
const LAYOUTS = [["two-rows", 3, 2], ["one-row", 6, 1], ["three-rows", 2, 3]];
const PAUSE_KEY = "vitruv-pause";

/** @param {import("./shell.js").Shell} shell */
export async function pointsScreen(shell) {
  const { task } = shell;
  const { box, points } = task;
  const photo = await picture(`/api/photos/${task.photo.id}/image`);
  const map = new LabelMap();
  map.load(task.masks);

  let at = Math.max(0, points.findIndex((p) => p.state === "open"));
  let since = performance.now();
  /** Part whose views are shown; the point's own unless the annotator looks elsewhere. */
  let viewPart = 0;
  /** @type {import("./views.js").PartViews | null} */
  let views = null;
  /** The point of the body under the pen. @type {import("./views.js").Xyz | null} */
  let xyz = null;
  /** @type {{view: number, x: number, y: number} | null} */
  let click = null;
  let active = 0;
  let wholePerson = false;
  /** Guesses of the model by number of the point. @type {Map<number, any>} */
  const guesses = new Map();
  /** @type {number | undefined} */
  let advancing = undefined;
  let pause = Number(localStorage.getItem(PAUSE_KEY) ?? "500");

  const toPhoto = (/** @type {any} */ p) => ({ x: box.x + ((p.x + 0.5) / GRID) * box.w, y: box.y + ((p.y + 0.5) / GRID) * box.h });

  // --- the photo ---------------------------------------------------------------------------------------------------------
  const canvas = h("canvas", { class: "stage", tabindex: 0, "aria-label": "Photo of the person with the point in question" });
  const stage = new Stage(canvas, (c) => {
    c.imageSmoothingEnabled = stage.scale < 4;
    c.drawImage(photo, 0, 0, task.photo.width, task.photo.height);
    dimOutside(c, task.photo, box);
    const one = 1 / stage.scale;
    outlinePart(c, one);
    points.forEach((p, n) => n !== at && dot(c, toPhoto(p), p, one));
    if (points[at]) target(c, toPhoto(points[at]), one);
  });

  const edges = new OffscreenCanvas(GRID, GRID);
  let edgesOf = 0;
  /** @param {CanvasRenderingContext2D} c @param {number} one */
  function outlinePart(c, one) {
    const part = points[at]?.part ?? 0;
    if (edgesOf !== part) {
      edgesOf = part;
      const e = /** @type {OffscreenCanvasRenderingContext2D} */ (edges.getContext("2d"));
      e.clearRect(0, 0, GRID, GRID);
      e.fillStyle = css(part, 0.9);
      const l = map.labels;
      for (let i = 0; i < l.length; i++) {
        if (l[i] === part && (l[i - 1] !== part || l[i + 1] !== part || l[i - GRID] !== part || l[i + GRID] !== part)) e.fillRect(i % GRID, Math.floor(i / GRID), 1, 1);
      }
    }
    c.imageSmoothingEnabled = true;
    c.globalAlpha = 0.75;
    c.drawImage(edges, box.x, box.y, box.w, box.h);
    c.globalAlpha = 1;
    c.lineWidth = one;
  }

  /** The rectangle of the photo to look at: the part with some room around it, the same for all its points. */
  function framePoint() {
    const part = points[at]?.part;
    if (wholePerson || !part) return stage.frame(box);
    let [x0, y0, x1, y1] = [GRID, GRID, 0, 0];
    map.labels.forEach((label, i) => {
      if (label !== part) return;
      const [x, y] = [i % GRID, Math.floor(i / GRID)];
      [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x + 1), Math.max(y1, y + 1)];
    });
    if (x1 <= x0) return stage.frame(box);
    const unit = { x: box.w / GRID, y: box.h / GRID };
    const [w, high] = [(x1 - x0) * unit.x, (y1 - y0) * unit.y];
    const room = Math.max(0.45 * Math.max(w, high), 0.06 * Math.max(box.w, box.h));
    stage.frame({ x: box.x + x0 * unit.x - room, y: box.y + y0 * unit.y - room, w: w + 2 * room, h: high + 2 * room }, 0);
  }

  // --- the views ---------------------------------------------------------------------------------------------------------
  const tiles = Array.from({ length: 6 }, (_, k) => new ViewTile(k, {
    down: (x, y) => {
      clearTimeout(advancing);
      activate(k);
      tiles[k].cursor = null;
      point_at(k, x, y);
    },
    move: (x, y) => point_at(k, x, y),
    up: commit,
  }));

  /** @param {number} view @param {number} x @param {number} y */
  function point_at(view, x, y) {
    if (shell.readOnly || !views || !points[at]) return;
    const found = views.pick(view, x, y);
    if (!found) {
      if (!click) tiles[view].flash();
      return;
    }
    xyz = found;
    click = { view, x, y };
    drawMarks();
  }

  function drawMarks() {
    const guess = guesses.get(at);
    tiles.forEach((tile, k) => {
      tile.mark = views && xyz ? views.project(k, xyz) : null;
      tile.guess = views && guess && !xyz ? views.project(k, guess.xyz) : null;
      tile.active = k === active;
      tile.draw();
    });
  }

  /** @param {number} k */
  function activate(k) {
    active = k;
    drawMarks();
  }

  function commit() {
    if (!click || !xyz || shell.readOnly) return;
    const p = points[at];
    const seconds = Math.round(performance.now() - since) / 1000;
    const body = { state: "placed", ...click, part: viewPart === p.part ? null : viewPart, seconds };
    Object.assign(p, { state: "placed", xyz, view: click.view, view_part: viewPart });
    click = null;
    shell.outbox.put(`point:${p.n}`, `${shell.path}/points/${p.n}`, body);
    drawStrip();
    clearTimeout(advancing);
    if (pause >= 0) advancing = setTimeout(() => go(nextOpen()), pause);
  }

  // --- moving on ---------------------------------------------------------------------------------------------------------
  function nextOpen() {
    for (let i = 1; i <= points.length; i++) {
      const n = (at + i) % points.length;
      if (points[n].state === "open") return n;
    }
    return Math.min(at + 1, points.length - 1);
  }

  /** @param {number} n */
  async function go(n) {
    clearTimeout(advancing);
    if (!points.length) return;
    const before = points[at]?.part;
    at = Math.min(points.length - 1, Math.max(0, n));
    since = performance.now();
    click = null;
    xyz = points[at].xyz ?? null;
    if (points[at].state !== "placed") xyz = null;
    if (points[at].part !== before || !viewPart) framePoint();
    drawStrip();
    stage.redraw();
    await showViews(xyz && points[at].view_part ? points[at].view_part : points[at].part);
    const following = points[nextOpen()];
    if (following && following.part !== viewPart) loadViews(following.part).catch(() => undefined);
  }

  /** @param {number} part */
  async function showViews(part) {
    viewPart = part;
    other.value = String(part);
    const slow = setTimeout(() => grid.classList.add("loading"), 150);
    try {
      views = await loadViews(part);
    } catch (error) {
      note(error instanceof Error ? error.message : String(error), "error");
      return;
    } finally {
      clearTimeout(slow);
      grid.classList.remove("loading");
    }
    if (viewPart !== part) return;
    arrange();
    for (const tile of tiles) {
      tile.cursor = null;
      tile.show(views);
    }
    drawMarks();
  }

  /** The arrangement of the tiles in which the pictures come out largest. */
  function arrange() {
    if (!views || !grid.clientWidth) return;
    const scale = (/** @type {[string, number, number]} */ [, columns, rows]) =>
      Math.min((grid.clientWidth / columns - 24) / (views?.width ?? 1), (grid.clientHeight / rows - 40) / (views?.height ?? 1));
    const best = LAYOUTS.reduce((a, b) => (scale(b) > scale(a) ? b : a));
    grid.className = `views ${best[0]}`;
  }
  const resizer = new ResizeObserver(arrange);
  shell.closers.push(() => resizer.disconnect());

  function skip() {
    if (shell.readOnly || !points[at]) return;
    const p = points[at];
    Object.assign(p, { state: "skipped", xyz: null });
    shell.outbox.put(`point:${p.n}`, `${shell.path}/points/${p.n}`, { state: "skipped" });
    go(nextOpen());
  }

  const guess = shown(async () => {
    const { points: found } = await api("POST", `${shell.path}/proposal`);
    for (const g of found) guesses.set(points.findIndex((p) => p.n === g.n), g);
    note(found.length ? "The model's guesses are drawn in orange; T takes one over" : "The model sees nobody here");
    drawMarks();
  });

  /** Take the guess over as if it had been clicked in the view that shows it best. */
  function takeGuess() {
    const g = guesses.get(at);
    if (!views || shell.readOnly) return;
    if (!g) return note(guesses.size ? "The model has no guess here" : "Ask for the model's guesses first (M)");
    const marks = tiles.map((_, k) => views?.project(k, g.xyz));
    const view = marks.findIndex((mark) => mark?.seen);
    const mark = marks[view];
    if (!mark) return note("The guess lies on another part: click where you see it");
    point_at(view, mark.x, mark.y);
    commit();
  }

  // --- the page ----------------------------------------------------------------------------------------------------------
  const strip = h("div", { class: "strip", role: "list", "aria-label": "Points" });
  const question = h("p", { class: "question", "aria-live": "polite" });
  function drawStrip() {
    const p = points[at];
    const left = points.filter((q) => q.state === "open").length;
    question.replaceChildren(p ? h("strong", {}, `Point ${at + 1} of ${points.length}: ${PARTS[p.part]}`) : "No points", h("span", { class: "faint" },
      shell.readOnly && p ? ` ${p.state}` : left ? ` ${left} to go` : " all answered: hand in, or look through them again"));
    strip.replaceChildren(...points.map((q, n) => {
      const button = h("button", { class: `bead ${q.state}`, role: "listitem", "aria-current": n === at ? "true" : null, title: `${n + 1}: ${PARTS[q.part]}, ${q.state}`, "aria-label": `Point ${n + 1}, ${PARTS[q.part]}, ${q.state}`, onclick: () => go(n) });
      button.style.setProperty("--part", css(q.part));
      return button;
    }));
    /** @type {HTMLElement | null} */ (strip.querySelector("[aria-current]"))?.scrollIntoView({ block: "nearest", inline: "center" });
  }

  const visible = [...new Set(points.map((p) => p.part))];
  const other = h("select", { "aria-label": "Views of which part", onchange: () => { const was = xyz; showViews(Number(other.value)).then(() => { xyz = was; drawMarks(); }); } },
    visible.map((part) => h("option", { value: part }, PARTS[part])));
  const pauses = h("select", { "aria-label": "When the next point comes", onchange: () => { pause = Number(pauses.value); localStorage.setItem(PAUSE_KEY, pauses.value); } },
    [["0", "next point at once"], ["500", "next after ½ s"], ["1200", "next after 1 s"], ["-1", "next on Enter"]].map(([value, label]) => h("option", { value, selected: Number(value) === pause }, label)));

  const grid = h("div", { class: "views" }, tiles.map((tile) => tile.element));
  const controls = h("div", { class: "controls" },
    shell.readOnly ? null : [
      h("button", { id: "skip", onclick: skip, title: "Not visible (S)" }, "Not visible"),
      h("button", { id: "back", onclick: () => go(at - 1), title: "Point before (Backspace)" }, "Back"),
      h("button", { id: "next", onclick: () => go(at + 1), title: "Next point (Enter)" }, "Next"),
      shell.proposing("guess", "Guess", "show the model's guesses", guess),
      pauses,
    ],
    shell.readOnly ? [h("button", { onclick: () => go(at - 1) }, "Back"), h("button", { onclick: () => go(at + 1) }, "Next")] : null,
    h("label", { class: "inline" }, "Views: ", other));
  const right = h("section", { class: "answer" }, h("div", { class: "asking" }, question, controls), grid, h("div", { class: "below" }, strip, shell.finishBar()));
  byId("screen").replaceChildren(h("div", { class: "work points" }, canvas, right));
  resizer.observe(grid);
  shell.bar(task.photo.name, "click where the marked pixel lies on the body");

  // --- keys --------------------------------------------------------------------------------------------------------------
  for (let k = 0; k < 6; k++) {
    shell.bindKey(String(k + 1), "", "", () => {
      activate(k);
      const mark = tiles[k].mark;
      tiles[k].cursor = mark ? { x: mark.x, y: mark.y } : { x: (views?.width ?? 0) / 2, y: (views?.height ?? 0) / 2 };
      drawMarks();
    });
  }
  shell.help.push(["1 2 3 4 5 6", "put the keyboard's cross on a view"]);
  const move = (/** @type {number} */ dx, /** @type {number} */ dy) => (/** @type {KeyboardEvent} */ event) => {
    const tile = tiles[active];
    if (!tile.cursor) {
      if (dx) go(at + dx);
      return;
    }
    const step = event.shiftKey ? 10 : 2;
    tile.cursor = { x: tile.cursor.x + dx * step, y: tile.cursor.y + dy * step };
    tile.draw();
  };
  shell.bindKey("ArrowLeft", "← → ↑ ↓", "move the cross (Shift: faster); without a cross: point before, next", move(-1, 0));
  shell.bindKey("ArrowRight", "", "", move(1, 0));
  shell.bindKey("ArrowUp", "", "", move(0, -1));
  shell.bindKey("ArrowDown", "", "", move(0, 1));
  shell.bindKey("Enter", "Enter", "mark at the cross; without a cross: next point", () => {
    const cursor = tiles[active].cursor;
    if (!cursor || shell.readOnly) return go(nextOpen());
    point_at(active, cursor.x, cursor.y);
    commit();
  });
  shell.bindKey("Escape", "Esc", "take the cross away", () => { tiles[active].cursor = null; drawMarks(); });
  shell.bindKey("Backspace", "Backspace", "point before", () => go(at - 1));
  shell.bindKey("s", "S", "not visible", skip);
  if (task.proposals && !shell.readOnly) shell.bindKey("t", "T", "take the model's guess over", takeGuess);
  shell.bindKey("z", "Z", "whole person or the part", () => { wholePerson = !wholePerson; framePoint(); });
  bindZoom(shell, stage, framePoint);
  shell.onRefused = (key) => {
    const n = points.findIndex((p) => `point:${p.n}` === key);
    if (n < 0) return;
    Object.assign(points[n], { state: "open", xyz: null });
    go(n);
  };
  shell.closers.push(() => { clearTimeout(advancing); stage.close(); tiles.forEach((tile) => tile.close()); });
  await go(at);
  framePoint();
  canvas.focus({ preventScroll: true });
}
