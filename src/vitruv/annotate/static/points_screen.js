// @ts-check
/** Stage two: where on the body is this pixel? One point after another, on six views of its part. */

import { picture } from "./api.js";
import { PARTS, css } from "./body_parts.js";
import { byId, h, note, shown } from "./dom.js";
import { Guesses, confidenceColour, confidenceWord } from "./guesses.js";
import { bindZoom } from "./photo_stage.js";
import { PointPhoto } from "./point_photo.js";
import { ViewTile } from "./view_tile.js";
import { bestLayout, loadViews } from "./views.js";

const PAUSE_KEY = "vitruv-pause";

/** @param {import("./shell.js").Shell} shell */
export async function pointsScreen(shell) {
  const { task } = shell;
  const { points } = task;
  const photo = await picture(`/api/photos/${task.photo.id}/image`);

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
  const guesses = new Guesses(shell, points);
  /** @type {number | undefined} */
  let advancing = undefined;
  let pause = Number(localStorage.getItem(PAUSE_KEY) ?? "500");

  const side = new PointPhoto(task, photo, guesses, (index) => go(index));
  const { canvas, stage } = side;

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
    const guess = guesses.open(at);
    const others = points.map((p, n) => (n !== at && p.part === points[at]?.part ? guesses.open(n) : undefined)).filter((g) => g !== undefined);
    tiles.forEach((tile, k) => {
      tile.mark = views && xyz ? views.project(k, xyz) : null;
      tile.guess = views && guess && !xyz ? views.project(k, guess.xyz) : null;
      tile.guessColour = guess ? confidenceColour(guess.confidence) : "";
      tile.others = others.map((g) => ({ ...views?.project(k, g.xyz), colour: confidenceColour(g.confidence) })).filter((mark) => mark.seen);
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
    side.at = at;
    since = performance.now();
    click = null;
    xyz = points[at].xyz ?? null;
    if (points[at].state !== "placed") xyz = null;
    if (points[at].part !== before || !viewPart) side.frame();
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

  function arrange() {
    if (views && grid.clientWidth) grid.className = `views ${bestLayout(views, grid.clientWidth, grid.clientHeight)}`;
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
    await guesses.toggle();
    if (guesses.visible && !guesses.found.size) note("The model finds no person here");
    if (guesses.visible) side.wholePerson = true;
    side.frame();
    drawStrip();
    drawMarks();
  });

  /** Accept the guess for this point and go on. @param {KeyboardEvent} [event] */
  function acceptGuess(event) {
    if (event?.repeat) return; // a key held down is no judgement
    if (shell.readOnly || !points[at]) return;
    if (!guesses.visible) return note("Show the model's guesses first (M)");
    if (!guesses.open(at)) return note(points[at].state === "open" ? "The model has no guess for this point" : "This point has an answer already");
    guesses.accept([at], Math.round(performance.now() - since) / 1000);
    go(nextOpen());
  }

  /** Accept all guesses that are probably right; the doubtful ones stay open. */
  function acceptProbable() {
    if (shell.readOnly) return;
    const indices = guesses.probable();
    if (!indices.length) return note(guesses.visible ? "No confident guesses are left" : "Show the model's guesses first (M)");
    guesses.accept(indices, null);
    const left = points.filter((p) => p.state === "open").length;
    note(`${indices.length} guesses accepted, ${left} point${left === 1 ? "" : "s"} to check`, "good");
    go(nextOpen());
  }

  // --- the page ----------------------------------------------------------------------------------------------------------
  const strip = h("div", { class: "strip", role: "list", "aria-label": "Points" });
  const question = h("p", { class: "question", "aria-live": "polite" });
  /** What the model thinks of this point. */
  function guessText() {
    const guess = guesses.open(at);
    if (!guess) return guesses.visible && points[at]?.state === "open" ? h("span", { class: "faint" }, ", no guess: click where it lies") : null;
    const word = h("span", { class: "confidence" }, `guess ${confidenceWord(guess.confidence)} (${Math.round(100 * guess.confidence)}%)`);
    word.style.setProperty("--guess", confidenceColour(guess.confidence));
    return word;
  }
  function drawStrip() {
    const p = points[at];
    const left = points.filter((q) => q.state === "open").length;
    question.replaceChildren(p ? h("strong", {}, `Point ${at + 1} of ${points.length}: ${PARTS[p.part]}`) : "No points", h("span", { class: "faint" },
      shell.readOnly && p ? ` ${p.state}` : left ? ` ${left} to go` : " all answered: submit, or check them again"), guessText() ?? "");
    accept.hidden = !guesses.open(at);
    acceptAll.hidden = !guesses.probable().length;
    acceptAll.textContent = `Accept ${guesses.probable().length} confident`;
    strip.replaceChildren(...points.map((q, n) => {
      const button = h("button", { class: `bead ${q.state}`, role: "listitem", "aria-current": n === at ? "true" : null, title: `${n + 1}: ${PARTS[q.part]}, ${q.state}`, "aria-label": `Point ${n + 1}, ${PARTS[q.part]}, ${q.state}`, onclick: () => go(n) });
      button.style.setProperty("--part", css(q.part));
      const guess = guesses.open(n);
      if (guess) button.style.setProperty("--guess", confidenceColour(guess.confidence));
      return button;
    }));
    /** @type {HTMLElement | null} */ (strip.querySelector("[aria-current]"))?.scrollIntoView({ block: "nearest", inline: "center" });
  }

  const visible = [...new Set(points.map((p) => p.part))];
  const other = h("select", { "aria-label": "Views of which part", onchange: () => { const was = xyz; showViews(Number(other.value)).then(() => { xyz = was; drawMarks(); }); } },
    visible.map((part) => h("option", { value: part }, PARTS[part])));
  const pauses = h("select", { "aria-label": "When the next point comes", onchange: () => { pause = Number(pauses.value); localStorage.setItem(PAUSE_KEY, pauses.value); } },
    [["0", "next point at once"], ["500", "next point after ½ s"], ["1200", "next point after 1 s"], ["-1", "next point on Enter"]].map(([value, label]) => h("option", { value, selected: Number(value) === pause }, label)));

  const accept = h("button", { id: "accept-guess", class: "main", hidden: true, title: "Accept the guess (Enter)", onclick: () => acceptGuess() }, "Accept guess");
  const acceptAll = h("button", { id: "accept-all", hidden: true, title: "Accept all guesses that are probably right (Shift Enter)", onclick: acceptProbable });
  const grid = h("div", { class: "views" }, tiles.map((tile) => tile.element));
  const controls = h("div", { class: "controls" },
    shell.readOnly ? null : [
      h("button", { id: "skip", onclick: skip, title: "Not visible (S)" }, "Not visible"),
      h("button", { id: "back", onclick: () => go(at - 1), title: "Previous point (Backspace)" }, "Back"),
      h("button", { id: "next", onclick: () => go(at + 1), title: "Next point (Enter)" }, "Next"),
      shell.proposing("guess", "Guesses", "show or hide the model's guesses", guess),
      accept,
      acceptAll,
      pauses,
    ],
    shell.readOnly ? [h("button", { onclick: () => go(at - 1) }, "Back"), h("button", { onclick: () => go(at + 1) }, "Next")] : null,
    h("label", { class: "inline" }, "Views: ", other));
  controls.addEventListener("click", (event) => event.detail && event.target instanceof HTMLButtonElement && canvas.focus({ preventScroll: true })); // Enter is for points again
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
  shell.help.push(["1 2 3 4 5 6", "put the cross on a view"]);
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
  shell.bindKey("ArrowLeft", "← → ↑ ↓", "move the cross (Shift: faster); without a cross: previous or next point", move(-1, 0));
  shell.bindKey("ArrowRight", "", "", move(1, 0));
  shell.bindKey("ArrowUp", "", "", move(0, -1));
  shell.bindKey("ArrowDown", "", "", move(0, 1));
  shell.bindKey("Enter", "Enter", "place the point at the cross; accept the guess; otherwise next point", (event) => {
    const cursor = tiles[active].cursor;
    if (event.shiftKey) return acceptProbable();
    if (!cursor && guesses.open(at)) return acceptGuess(event);
    if (!cursor || shell.readOnly) return go(nextOpen());
    point_at(active, cursor.x, cursor.y);
    commit();
  });
  shell.bindKey("Escape", "Esc", "remove the cross", () => { tiles[active].cursor = null; drawMarks(); });
  shell.bindKey("Backspace", "Backspace", "previous point", () => go(at - 1));
  shell.bindKey("s", "S", "not visible", skip);
  if (task.proposals && !shell.readOnly) {
    shell.bindKey("t", "T", "accept the model's guess", acceptGuess);
    shell.help.push(["Shift Enter", "accept all confident guesses"]);
  }
  shell.bindKey("z", "Z", "show the whole person or the part", () => { side.wholePerson = !side.wholePerson; side.frame(); });
  bindZoom(shell, stage, () => side.frame());
  shell.onRefused = (key) => {
    const n = points.findIndex((p) => `point:${p.n}` === key);
    const refused = n < 0 ? (guesses.batches.get(key) ?? []) : [n];
    for (const index of refused) Object.assign(points[index], { state: "open", xyz: null });
    if (refused.length) go(refused[0]);
  };
  shell.closers.push(() => { clearTimeout(advancing); stage.close(); tiles.forEach((tile) => tile.close()); });
  await go(at);
  side.frame();
  canvas.focus({ preventScroll: true });
  if (Guesses.wanted && !guesses.visible && task.proposals && !shell.readOnly && points.some((p) => p.state === "open")) await guess();
}
