// @ts-check
/** Stage zero: a box around each person in the photo. */

import { api, picture } from "./api.js";
import { byId, h, note, shown } from "./dom.js";
import { bindZoom } from "./photo_stage.js";
import { Stage } from "./stage.js";

const SMALLEST = 8;
const HANDLE_PX = 12;
/** Which sides a handle moves: left, top, right, bottom. @type {[number, number, number, number, string][]} */
const HANDLES = [[1, 1, 0, 0, "nwse"], [0, 1, 0, 0, "ns"], [0, 1, 1, 0, "nesw"], [0, 0, 1, 0, "ew"], [0, 0, 1, 1, "nwse"], [0, 0, 0, 1, "ns"], [1, 0, 0, 1, "nesw"], [1, 0, 0, 0, "ew"]];

/** @param {import("./shell.js").Shell} shell */
export async function boxesScreen(shell) {
  const { task } = shell;
  const { width, height } = task.photo;
  const photo = await picture(`/api/photos/${task.photo.id}/image`);
  /** @type {{id?: string, x: number, y: number, w: number, h: number, begun?: boolean}[]} */
  let boxes = task.boxes;
  let chosen = boxes.length ? 0 : -1;
  /** @type {string[]} */
  const past = [];
  /** @type {{kind: "new" | "move" | "size", from: {x: number, y: number}, was: any, handle: number} | null} */
  let action = null;

  const canvas = h("canvas", { class: "stage cross", tabindex: 0, "aria-label": "Photo; draw a box around each person" });
  const stage = new Stage(canvas, (c) => {
    c.drawImage(photo, 0, 0, width, height);
    const one = 1 / stage.scale;
    boxes.forEach((b, i) => {
      const on = i === chosen;
      for (const [style, thick] of /** @type {[string, number][]} */ ([["rgb(0 0 0 / .6)", on ? 4.5 : 3.5], [b.begun ? "#bbb" : on ? "#00e0c6" : "#ffd166", on ? 2.5 : 1.8]])) {
        c.strokeStyle = style;
        c.lineWidth = thick * one;
        c.strokeRect(b.x, b.y, b.w, b.h);
      }
      c.font = `600 ${13 * one}px system-ui`;
      c.fillStyle = "rgb(0 0 0 / .65)";
      const label = String(i + 1);
      c.fillRect(b.x, b.y, (c.measureText(label).width + 10 * one), 19 * one);
      c.fillStyle = "#fff";
      c.fillText(label, b.x + 5 * one, b.y + 14 * one);
      if (on && !b.begun && !shell.readOnly) {
        for (const [x, y] of handlesOf(b)) {
          c.fillStyle = "#fff";
          c.strokeStyle = "rgb(0 0 0 / .7)";
          c.lineWidth = one;
          c.fillRect(x - 4 * one, y - 4 * one, 8 * one, 8 * one);
          c.strokeRect(x - 4 * one, y - 4 * one, 8 * one, 8 * one);
        }
      }
    });
  });

  const handlesOf = (/** @type {any} */ b) => HANDLES.map(([l, t, r, bo]) => [l ? b.x : r ? b.x + b.w : b.x + b.w / 2, t ? b.y : bo ? b.y + b.h : b.y + b.h / 2]);
  const bounded = (/** @type {any} */ b) => {
    const x = Math.min(Math.max(0, b.x), width - SMALLEST);
    const y = Math.min(Math.max(0, b.y), height - SMALLEST);
    return { ...b, x, y, w: Math.min(Math.max(SMALLEST, b.w), width - x), h: Math.min(Math.max(SMALLEST, b.h), height - y) };
  };

  /** @param {{x: number, y: number}} p */
  function handleAt(p) {
    const b = boxes[chosen];
    if (!b || b.begun) return -1;
    return handlesOf(b).findIndex(([x, y]) => Math.hypot(x - p.x, y - p.y) * stage.scale < HANDLE_PX);
  }

  /** The smallest box under a place. @param {{x: number, y: number}} p */
  function boxAt(p) {
    let best = -1;
    boxes.forEach((b, i) => {
      const inside = p.x >= b.x && p.x <= b.x + b.w && p.y >= b.y && p.y <= b.y + b.h;
      if (inside && (best < 0 || b.w * b.h < boxes[best].w * boxes[best].h)) best = i;
    });
    return best;
  }

  function remember() {
    past.push(JSON.stringify(boxes));
    if (past.length > 100) past.shift();
  }

  function save() {
    boxes = boxes.map((b) => (b.begun ? b : { ...b, x: round(b.x), y: round(b.y), w: round(b.w), h: round(b.h) }));
    refresh();
    shell.outbox.put("boxes", `${shell.path}/boxes`, { boxes: boxes.map(({ id, x, y, w, h: high }) => ({ id, x, y, w, h: high })) });
  }
  const round = (/** @type {number} */ v) => Math.round(v * 10) / 10;

  if (!shell.readOnly) {
    stage.onDown = ({ place, alt }) => {
      const handle = handleAt(place);
      const under = boxAt(place);
      if (handle >= 0) action = { kind: "size", from: place, was: { ...boxes[chosen] }, handle };
      else if (under >= 0 && under === chosen && !boxes[under].begun && !alt) action = { kind: "move", from: place, was: { ...boxes[under] }, handle: -1 };
      else action = { kind: "new", from: place, was: null, handle: -1 };
      if (action.kind !== "new") remember();
    };
    stage.onMove = ({ place, event }) => {
      if (!action || !event.buttons) {
        const handle = handleAt(place);
        canvas.style.cursor = handle >= 0 ? `${HANDLES[handle][4]}-resize` : boxAt(place) === chosen && chosen >= 0 ? "move" : "crosshair";
        return;
      }
      const [dx, dy] = [place.x - action.from.x, place.y - action.from.y];
      if (action.kind === "move") {
        const { was } = action;
        boxes[chosen] = { ...was, x: Math.min(Math.max(0, was.x + dx), width - was.w), y: Math.min(Math.max(0, was.y + dy), height - was.h) };
      } else if (action.kind === "size") {
        const [l, t, r, b] = HANDLES[action.handle];
        const { was } = action;
        const x0 = was.x + l * dx, y0 = was.y + t * dy, x1 = was.x + was.w + r * dx, y1 = was.y + was.h + b * dy;
        boxes[chosen] = bounded({ ...was, x: Math.min(x0, x1), y: Math.min(y0, y1), w: Math.abs(x1 - x0), h: Math.abs(y1 - y0) });
      } else if (Math.hypot(dx, dy) * stage.scale > 6) {
        if (!action.was) {
          remember();
          boxes.push({ x: 0, y: 0, w: SMALLEST, h: SMALLEST });
          chosen = boxes.length - 1;
          action.was = boxes[chosen];
        }
        const [x0, y0, x1, y1] = [action.from.x, action.from.y, place.x, place.y].map((v, i) => Math.min(Math.max(0, v), i % 2 ? height : width));
        boxes[chosen] = bounded({ x: Math.min(x0, x1), y: Math.min(y0, y1), w: Math.abs(x1 - x0), h: Math.abs(y1 - y0) });
      }
      stage.redraw();
    };
    stage.onUp = ({ place }) => {
      if (action?.kind === "new" && !action.was) {
        chosen = boxAt(place);
        refresh();
      } else if (action) {
        save();
      }
      action = null;
    };
    stage.onCancel = () => { action = null; };
  }

  // --- the panel ---------------------------------------------------------------------------------------------------------
  const list = h("ol", { class: "people", "aria-label": "People" });
  function refresh() {
    list.replaceChildren(...boxes.map((b, i) => h("li", {}, h("button", { "aria-pressed": String(i === chosen), onclick: () => { chosen = i; refresh(); canvas.focus(); } },
      h("span", {}, `Person ${i + 1}`), h("small", {}, b.begun ? "in progress" : `${Math.round(b.w)} × ${Math.round(b.h)}`)))));
    if (!boxes.length) list.append(h("li", { class: "faint" }, "No people yet. Drag a box around each person, including arms and feet."));
    stage.redraw();
  }
  function remove() {
    if (chosen < 0 || boxes[chosen].begun) return;
    remember();
    boxes.splice(chosen, 1);
    chosen = Math.min(chosen, boxes.length - 1);
    save();
  }
  function undo() {
    const before = past.pop();
    if (!before) return;
    boxes = JSON.parse(before);
    chosen = Math.min(chosen, boxes.length - 1);
    save();
  }
  const propose = shown(async () => {
    const { boxes: found } = await api("POST", `${shell.path}/proposal`);
    const fresh = found.filter((/** @type {any} */ b) => b.w >= SMALLEST && b.h >= SMALLEST && !boxes.some((old) => overlap(old, b) > 0.6));
    if (!fresh.length) return note(found.length ? "The model finds no more people" : "The model finds no people");
    remember();
    boxes.push(...fresh.map(bounded));
    chosen = boxes.length - 1;
    save();
  });
  const panel = h("aside", { class: "panel" }, h("h2", {}, "People"), list,
    shell.readOnly ? null : h("div", { class: "row" }, h("button", { id: "remove", onclick: remove }, "Remove"), h("button", { id: "undo", onclick: undo }, "Undo"),
      shell.proposing("propose", "Propose", "add the people that the model finds", propose)),
    shell.finishBar());
  byId("screen").replaceChildren(h("div", { class: "work" }, canvas, panel));
  shell.bar(task.photo.name, "draw a box around each person");

  const whole = () => stage.frame({ x: 0, y: 0, w: width, h: height }, 0.02);
  bindZoom(shell, stage, whole);
  const nudge = (/** @type {number} */ dx, /** @type {number} */ dy) => (/** @type {KeyboardEvent} */ event) => {
    const b = boxes[chosen];
    if (!b || b.begun || shell.readOnly) return;
    remember();
    const step = Math.max(1, Math.round(4 / stage.scale));
    boxes[chosen] = bounded(event.shiftKey ? { ...b, w: b.w + dx * step, h: b.h + dy * step } : { ...b, x: b.x + dx * step, y: b.y + dy * step });
    save();
  };
  shell.bindKey("n", "N", "new box in the middle", () => {
    if (shell.readOnly) return;
    remember();
    boxes.push(bounded({ x: width * 0.35, y: height * 0.2, w: width * 0.3, h: height * 0.6 }));
    chosen = boxes.length - 1;
    save();
  });
  shell.bindKey("ArrowLeft", "← → ↑ ↓", "move the box (Shift: resize it)", nudge(-1, 0));
  shell.bindKey("ArrowRight", "", "", nudge(1, 0));
  shell.bindKey("ArrowUp", "", "", nudge(0, -1));
  shell.bindKey("ArrowDown", "", "", nudge(0, 1));
  shell.bindKey("]", "]", "next person", () => { chosen = boxes.length ? (chosen + 1) % boxes.length : -1; refresh(); });
  shell.bindKey("Delete", "Delete", "remove the box", remove);
  shell.bindKey("ctrl+z", "Ctrl Z", "undo", undo);
  shell.closers.push(() => stage.close());
  shell.outbox.onSaved = (key, answer) => {
    // The server names new boxes; one that changed meanwhile is named with the next save.
    for (const named of key === "boxes" ? answer.boxes : []) {
      const box = boxes.find((b) => !b.id && b.x === named.x && b.y === named.y && b.w === named.w && b.h === named.h);
      if (box && !boxes.some((b) => b.id === named.id)) box.id = named.id;
    }
  };
  refresh();
  whole();
  canvas.focus({ preventScroll: true });
}

/** @param {any} a @param {any} b */
function overlap(a, b) {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const high = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  const both = Math.max(0, w) * Math.max(0, high);
  return both / (a.w * a.h + b.w * b.h - both);
}
