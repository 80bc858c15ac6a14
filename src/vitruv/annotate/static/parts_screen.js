// @ts-check
/** Stage one: outline the visible region of each part of the body under the clothes. */

import { api, picture } from "./api.js";
import { COLOURS, LISTED, PARTS, PART_KEYS, css } from "./body_parts.js";
import { byId, h, note, shown } from "./dom.js";
import { LabelMap } from "./labelmap.js";
import { bindZoom, dimOutside } from "./photo_stage.js";
import { GRID } from "./rle.js";
import { Stage } from "./stage.js";

const CLOSE_PX = 12;
const CLOSE_TOUCH_PX = 26;
const DRAG_PX = 5;
const KEY_STEP = 2;

/** @param {import("./shell.js").Shell} shell */
export async function partsScreen(shell) {
  const { task } = shell;
  const { box } = task;
  const photo = await picture(`/api/photos/${task.photo.id}/image`);
  const map = new LabelMap();
  map.load(task.masks);

  let part = shell.readOnly ? Number(Object.keys(task.masks)[0] ?? 14) : 14;
  /** @type {"outline" | "brush"} */
  let tool = "outline";
  let erasing = false;
  let brushPx = 14; // radius in screen pixels
  let opacity = 0.5;
  /** Corners of the outline in hand, grid units. @type {[number, number][]} */
  let outline = [];
  let outlineErases = false;
  /** Where the pen is, grid units. @type {[number, number] | null} */
  let pen = null;
  let penByKeys = false;
  let downAt = { x: 0, y: 0 };
  let dragging = false;

  const toGrid = (/** @type {{x: number, y: number}} */ p) => /** @type {[number, number]} */ ([((p.x - box.x) / box.w) * GRID, ((p.y - box.y) / box.h) * GRID]);
  const radii = () => /** @type {[number, number]} */ ([(brushPx / stage.scale / box.w) * GRID, (brushPx / stage.scale / box.h) * GRID]);

  // --- drawing -----------------------------------------------------------------------------------------------------------
  const overlay = new OffscreenCanvas(GRID, GRID);
  const paint = /** @type {OffscreenCanvasRenderingContext2D} */ (overlay.getContext("2d"));
  const pixels = paint.createImageData(GRID, GRID);
  function refreshOverlay() {
    for (let i = 0; i < map.labels.length; i++) {
      const label = map.labels[i];
      const [r, g, b] = COLOURS[label];
      const x = i % GRID;
      // The edge of the part in hand is drawn full, so that it stands out from its neighbours.
      const edge = label === part && (map.labels[i - 1] !== part || map.labels[i + 1] !== part || map.labels[i - GRID] !== part || map.labels[i + GRID] !== part || x === 0 || x === GRID - 1);
      pixels.data.set([r, g, b, label ? (edge ? 255 : 255 * opacity * (label === part ? 1 : 0.8)) : 0], 4 * i);
    }
    paint.putImageData(pixels, 0, 0);
    stage.redraw();
  }

  const canvas = h("canvas", { class: "stage cross", tabindex: 0, "aria-label": "Photo of the person; outline the chosen part here" });
  const stage = new Stage(canvas, (context) => {
    context.imageSmoothingEnabled = stage.scale < 4;
    context.drawImage(photo, 0, 0, task.photo.width, task.photo.height);
    dimOutside(context, task.photo, box);
    context.imageSmoothingEnabled = false;
    context.drawImage(overlay, box.x, box.y, box.w, box.h);
    const hair = 1 / stage.scale;
    context.lineWidth = hair;
    context.strokeStyle = "rgb(255 255 255 / .7)";
    context.strokeRect(box.x, box.y, box.w, box.h);
    if (outline.length) drawOutline(context, hair);
    if (pen && tool === "brush") drawBrush(context, hair);
    if (pen && penByKeys && tool === "outline") drawCross(context, hair);
  });

  /** @param {[number, number]} g */
  const toPhoto = ([x, y]) => [box.x + (x / GRID) * box.w, box.y + (y / GRID) * box.h];

  /** @param {CanvasRenderingContext2D} context @param {number} hair */
  function drawOutline(context, hair) {
    context.beginPath();
    for (const corner of pen ? [...outline, pen] : outline) context.lineTo(...(/** @type {[number, number]} */ (toPhoto(corner))));
    if (outline.length > 2) context.fillStyle = outlineErases ? "rgb(0 0 0 / .25)" : css(part, 0.25);
    if (outline.length > 2) context.fill("evenodd");
    for (const [colour, width] of /** @type {[string, number][]} */ ([["rgb(0 0 0 / .6)", 3.5], [outlineErases ? "#fff" : css(part), 2]])) {
      context.strokeStyle = colour;
      context.lineWidth = width * hair;
      context.stroke();
    }
    const [x, y] = toPhoto(outline[0]);
    context.beginPath();
    context.arc(x, y, 5 * hair, 0, 7);
    context.fillStyle = "#fff";
    context.fill();
    context.stroke();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} hair */
  function drawBrush(context, hair) {
    const [x, y] = toPhoto(/** @type {[number, number]} */ (pen));
    context.beginPath();
    context.arc(x, y, brushPx * hair, 0, 7);
    context.lineWidth = 3 * hair;
    context.strokeStyle = "rgb(0 0 0 / .5)";
    context.stroke();
    context.lineWidth = 1.5 * hair;
    context.strokeStyle = erasing ? "#fff" : css(part);
    context.stroke();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} hair */
  function drawCross(context, hair) {
    const [x, y] = toPhoto(/** @type {[number, number]} */ (pen));
    for (const [colour, width] of /** @type {[string, number][]} */ ([["rgb(0 0 0 / .6)", 3], ["#fff", 1.3]])) {
      context.strokeStyle = colour;
      context.lineWidth = width * hair;
      context.beginPath();
      context.moveTo(x - 11 * hair, y);
      context.lineTo(x + 11 * hair, y);
      context.moveTo(x, y - 11 * hair);
      context.lineTo(x, y + 11 * hair);
      context.stroke();
    }
  }

  // --- strokes -----------------------------------------------------------------------------------------------------------
  /** @param {number[]} changed */
  function save(changed) {
    refreshOverlay();
    refreshList();
    if (!changed.length) return;
    const parts = Object.fromEntries(changed.map((p) => [p, map.encoded(p)]));
    shell.outbox.put("masks", `${shell.path}/masks`, { parts }, true);
  }

  function closeOutline() {
    if (outline.length >= 3) {
      map.begin();
      map.polygon(outline, part, outlineErases);
      outline = [];
      save(map.end());
    } else {
      outline = [];
    }
    stage.redraw();
  }

  /** Put a corner, or close the outline at its first one. @param {[number, number]} corner @param {boolean} erase @param {boolean} [finger] */
  function addCorner(corner, erase, finger = false) {
    if (!outline.length) outlineErases = erase;
    if (outline.length >= 3) {
      const [a, b] = [toPhoto(outline[0]), toPhoto(corner)];
      if (Math.hypot(a[0] - b[0], a[1] - b[1]) * stage.scale < (finger ? CLOSE_TOUCH_PX : CLOSE_PX)) return closeOutline();
    }
    outline.push(corner);
    stage.redraw();
  }

  if (!shell.readOnly) {
    stage.onDown = ({ place, event, alt, shift }) => {
      pen = toGrid(place);
      penByKeys = false;
      downAt = stage.toScreen(place);
      dragging = false;
      const erase = erasing || alt || shift;
      if (tool === "outline") {
        addCorner(pen, erase, event.pointerType === "touch");
      } else {
        map.begin();
        map.brush(pen, pen, radii(), part, erase);
        refreshOverlay();
      }
    };
    stage.onMove = ({ place, event, alt, shift }) => {
      const before = pen;
      pen = toGrid(place);
      penByKeys = false;
      if (event.buttons && stage.drawing && tool === "brush" && before && map.before) {
        map.brush(before, pen, radii(), part, erasing || alt || shift);
        refreshOverlay();
      } else if (event.buttons && stage.drawing && tool === "outline" && outline.length) {
        // Dragging draws freely: corners follow the pen.
        const at = stage.toScreen(place);
        dragging = dragging || Math.hypot(at.x - downAt.x, at.y - downAt.y) > DRAG_PX;
        const last = toPhoto(outline[outline.length - 1]);
        if (dragging && Math.hypot(last[0] - place.x, last[1] - place.y) * stage.scale > DRAG_PX) outline.push(pen);
      }
      stage.redraw();
    };
    stage.onUp = () => {
      if (tool === "brush" && map.before) save(map.end());
      else if (dragging && outline.length > 8) closeOutline();
      dragging = false;
    };
    stage.onCancel = () => {
      if (map.before) {
        map.labels = map.before;
        map.end();
        refreshOverlay();
      }
      outline.pop();
    };
    canvas.addEventListener("dblclick", () => tool === "outline" && closeOutline());
  }
  canvas.addEventListener("pointerleave", () => {
    if (!penByKeys) pen = null;
    stage.redraw();
  });

  // --- the panel ---------------------------------------------------------------------------------------------------------
  const list = h("ol", { class: "parts", "aria-label": "Parts" });
  const rows = LISTED.map((p, i) => {
    const swatch = h("i", {});
    swatch.style.background = css(p);
    return h("li", { class: p === 14 || p === 1 ? "both" : "" }, h("button", { dataset: { part: p }, onclick: () => choose(p) }, swatch, h("span", {}, PARTS[p].replace(/^(right|left) /, "")), h("kbd", {}, PART_KEYS[i])));
  });
  const heads = ["their right", "their left"].map((side) => h("li", { class: "side", "aria-hidden": "true" }, side));
  list.append(...rows.slice(0, 2), ...heads, ...rows.slice(2));

  function refreshList() {
    const areas = map.areas();
    rows.forEach((row, i) => {
      const button = /** @type {HTMLButtonElement} */ (row.firstElementChild);
      button.setAttribute("aria-pressed", String(LISTED[i] === part));
      const done = areas[LISTED[i]] > 0;
      button.classList.toggle("done", done);
      button.setAttribute("aria-label", `${PARTS[LISTED[i]]}${done ? ", outlined" : ""}`);
    });
  }

  /** @param {number} p */
  function choose(p) {
    if (outline.length) closeOutline();
    part = p;
    refreshOverlay();
    refreshList();
    rows[LISTED.indexOf(p)].scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  const tools = {
    outline: h("button", { id: "tool-outline", title: "Outline (P)", onclick: () => choose_tool("outline", false) }, "Outline"),
    brush: h("button", { id: "tool-brush", title: "Brush (B)", onclick: () => choose_tool("brush", false) }, "Brush"),
    erase: h("button", { id: "tool-erase", title: "Eraser (E)", onclick: () => choose_tool("brush", true) }, "Eraser"),
  };
  const size = h("input", { type: "range", min: 3, max: 60, value: brushPx, "aria-label": "Size of the brush", oninput: () => { brushPx = Number(size.value); stage.redraw(); } });
  const see = h("input", { type: "range", min: 0, max: 100, value: 100 * opacity, "aria-label": "Opacity of the parts", oninput: () => { opacity = Number(see.value) / 100; refreshOverlay(); } });
  const keep = h("input", { type: "checkbox", id: "keep", onchange: () => { map.keepOthers = keep.checked; } });

  /** @param {"outline" | "brush"} name @param {boolean} erase */
  function choose_tool(name, erase) {
    if (outline.length) closeOutline();
    tool = name;
    erasing = erase;
    tools.outline.setAttribute("aria-pressed", String(name === "outline"));
    tools.brush.setAttribute("aria-pressed", String(name === "brush" && !erase));
    tools.erase.setAttribute("aria-pressed", String(name === "brush" && erase));
    sizeRow.hidden = name !== "brush";
    canvas.classList.toggle("brushing", name === "brush");
    stage.redraw();
  }

  const propose = shown(async () => {
    const { masks } = await api("POST", `${shell.path}/proposal`);
    const changed = map.propose(masks);
    save(changed);
    note(changed.length ? "The model's parts are in place; now correct them" : "The model finds no person here");
  });
  const undo = () => { if (outline.length) { outline.pop(); stage.redraw(); } else save(map.undo()); };
  const redo = () => save(map.redo());

  const sizeRow = h("label", { class: "slider" }, h("span", {}, "Brush"), size);
  const panel = h("aside", { class: "panel" },
    shell.readOnly ? null : h("div", { class: "segmented", role: "group", "aria-label": "Tools" }, tools.outline, tools.brush, tools.erase),
    shell.readOnly ? null : sizeRow,
    h("label", { class: "slider" }, h("span", {}, "Opacity"), see),
    list,
    shell.readOnly ? null : h("label", { class: "check" }, keep, "Do not change other parts"),
    shell.readOnly ? null : h("div", { class: "row" },
      h("button", { onclick: undo, title: "Undo (Ctrl Z)", id: "undo" }, "Undo"), h("button", { onclick: redo, title: "Redo (Ctrl Shift Z)", id: "redo" }, "Redo"),
      shell.proposing("propose", "Propose", "start with the model's parts", propose)),
    shell.finishBar(),
  );

  byId("screen").replaceChildren(h("div", { class: "work" }, canvas, panel));
  shell.bar(task.photo.name, "outline the visible parts of the body, under the clothes");

  // --- keys --------------------------------------------------------------------------------------------------------------
  const next = (/** @type {number} */ step) => choose(LISTED[(LISTED.indexOf(part) + step + LISTED.length) % LISTED.length]);
  LISTED.forEach((p, i) => shell.bindKey(PART_KEYS[i], "", "", () => choose(p)));
  shell.help.push([[...PART_KEYS].join(" "), "choose a part"]);
  shell.bindKey("]", "]", "next part", () => next(1));
  shell.bindKey("[", "[", "previous part", () => next(-1));
  shell.bindKey("h", "H", "hide or show the parts", () => { opacity = opacity ? 0 : 0.5; see.value = String(100 * opacity); refreshOverlay(); });
  bindZoom(shell, stage, () => stage.frame(box));
  if (!shell.readOnly) {
    shell.bindKey("g", "G", "outline: click corners, or drag freely", () => choose_tool("outline", false));
    shell.bindKey("b", "B", "brush", () => choose_tool("brush", false));
    shell.bindKey("e", "E", "eraser (also: Shift or right button)", () => choose_tool("brush", true));
    shell.bindKey(",", ",", "smaller brush", () => { brushPx = Math.max(3, brushPx / 1.25); size.value = String(brushPx); stage.redraw(); });
    shell.bindKey(".", ".", "larger brush", () => { brushPx = Math.min(60, brushPx * 1.25); size.value = String(brushPx); stage.redraw(); });
    shell.bindKey("ctrl+z", "Ctrl Z", "undo", undo);
    shell.bindKey("ctrl+shift+z", "Ctrl Shift Z", "redo", redo);
    shell.bindKey("ctrl+y", "", "", redo);
    shell.bindKey("Backspace", "Backspace", "remove the last corner", () => { outline.pop(); stage.redraw(); });
    shell.bindKey("Escape", "Esc", "discard the outline", () => { outline = []; stage.redraw(); });
    shell.bindKey("k", "K", "do not change other parts", () => { keep.checked = !keep.checked; map.keepOthers = keep.checked; });
    shell.bindKey("Delete", "Delete", "clear this part", () => save(map.clear(part)));
    const go = (/** @type {number} */ dx, /** @type {number} */ dy) => (/** @type {KeyboardEvent} */ event) => {
      const step = KEY_STEP * (event.shiftKey ? 8 : 1);
      pen = pen ? [Math.min(GRID, Math.max(0, pen[0] + dx * step)), Math.min(GRID, Math.max(0, pen[1] + dy * step))] : [GRID / 2, GRID / 2];
      penByKeys = true;
      stage.redraw();
    };
    shell.bindKey("ArrowLeft", "← → ↑ ↓", "move the pen by keyboard (Shift: faster)", go(-1, 0));
    shell.bindKey("ArrowRight", "", "", go(1, 0));
    shell.bindKey("ArrowUp", "", "", go(0, -1));
    shell.bindKey("ArrowDown", "", "", go(0, 1));
    shell.bindKey("Enter", "Enter", "place a corner or paint at the pen", () => {
      if (!pen) return;
      if (tool === "outline") return addCorner([...pen], erasing);
      map.begin();
      map.brush(pen, pen, radii(), part, erasing);
      save(map.end());
    });
    shell.bindKey("c", "C", "close the outline", closeOutline);
  }
  shell.closers.push(() => stage.close());
  choose_tool("outline", false);
  refreshList();
  refreshOverlay();
  stage.frame(box);
  canvas.focus({ preventScroll: true });
}
