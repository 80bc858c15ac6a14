// @ts-check
/** The photo beside the six views: the outlined part, all points of the person, and the point in question. */

import { css } from "./body_parts.js";
import { h } from "./dom.js";
import { confidenceColour } from "./guesses.js";
import { LabelMap } from "./labelmap.js";
import { dot, guessDot, target } from "./photo_marks.js";
import { dimOutside } from "./photo_stage.js";
import { GRID } from "./rle.js";
import { Stage } from "./stage.js";

const PICK_PX = 16;
const PICK_TOUCH_PX = 26;

export class PointPhoto {
  /**
   * @param {import("./shell.js").Task} task @param {HTMLImageElement} photo @param {import("./guesses.js").Guesses} guesses
   * @param {(index: number) => void} onPick called when a point of the photo is clicked
   */
  constructor(task, photo, guesses, onPick) {
    this.task = task;
    this.photo = photo;
    this.guesses = guesses;
    this.onPick = onPick;
    this.map = new LabelMap();
    this.map.load(task.masks);
    /** Index of the point in question. */
    this.at = 0;
    this.wholePerson = false;
    this.edges = new OffscreenCanvas(GRID, GRID);
    this.edgesOf = 0;
    this.canvas = h("canvas", { class: "stage", tabindex: 0, "aria-label": "Photo of the person with the current point" });
    this.stage = new Stage(this.canvas, (context) => this.#draw(context));
    this.stage.onDown = (touch) => this.#pick(touch);
  }

  /** Show the part of the point in question with some room around it, the same for all points of the part; or the whole person. */
  frame() {
    const { box, points } = this.task;
    const part = points[this.at]?.part;
    if (this.wholePerson || !part) return this.stage.frame(box);
    let [x0, y0, x1, y1] = [GRID, GRID, 0, 0];
    this.map.labels.forEach((label, i) => {
      if (label !== part) return;
      const [x, y] = [i % GRID, Math.floor(i / GRID)];
      [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x + 1), Math.max(y1, y + 1)];
    });
    if (x1 <= x0) return this.stage.frame(box);
    const unit = { x: box.w / GRID, y: box.h / GRID };
    const [w, high] = [(x1 - x0) * unit.x, (y1 - y0) * unit.y];
    const room = Math.max(0.45 * Math.max(w, high), 0.06 * Math.max(box.w, box.h));
    this.stage.frame({ x: box.x + x0 * unit.x - room, y: box.y + y0 * unit.y - room, w: w + 2 * room, h: high + 2 * room }, 0);
  }

  /** @param {any} p a point of the task @returns {{x: number, y: number}} in photo pixels */
  #place(p) {
    const { box } = this.task;
    return { x: box.x + ((p.x + 0.5) / GRID) * box.w, y: box.y + ((p.y + 0.5) / GRID) * box.h };
  }

  /** @param {import("./stage.js").Touch} touch */
  #pick({ place, event }) {
    const away = this.task.points.map((p) => {
      const { x, y } = this.#place(p);
      return Math.hypot(x - place.x, y - place.y) * this.stage.scale;
    });
    const nearest = away.indexOf(Math.min(...away));
    if (away[nearest] < (event.pointerType === "touch" ? PICK_TOUCH_PX : PICK_PX)) this.onPick(nearest);
  }

  /** @param {CanvasRenderingContext2D} c */
  #draw(c) {
    const { task } = this;
    c.imageSmoothingEnabled = this.stage.scale < 4;
    c.drawImage(this.photo, 0, 0, task.photo.width, task.photo.height);
    dimOutside(c, task.photo, task.box);
    const one = 1 / this.stage.scale;
    this.#outlinePart(c, one);
    task.points.forEach((p, index) => {
      const guess = this.guesses.open(index);
      if (guess) guessDot(c, this.#place(p), confidenceColour(guess.confidence), one);
      else if (index !== this.at) dot(c, this.#place(p), p, one);
    });
    const current = task.points[this.at];
    if (current) target(c, this.#place(current), one);
  }

  /** @param {CanvasRenderingContext2D} c @param {number} one */
  #outlinePart(c, one) {
    const part = this.task.points[this.at]?.part ?? 0;
    if (this.edgesOf !== part) {
      this.edgesOf = part;
      const e = /** @type {OffscreenCanvasRenderingContext2D} */ (this.edges.getContext("2d"));
      e.clearRect(0, 0, GRID, GRID);
      e.fillStyle = css(part, 0.9);
      const l = this.map.labels;
      for (let i = 0; i < l.length; i++) {
        if (l[i] === part && (l[i - 1] !== part || l[i + 1] !== part || l[i - GRID] !== part || l[i + GRID] !== part)) e.fillRect(i % GRID, Math.floor(i / GRID), 1, 1);
      }
    }
    const { box } = this.task;
    c.imageSmoothingEnabled = true;
    c.globalAlpha = 0.75;
    c.drawImage(this.edges, box.x, box.y, box.w, box.h);
    c.globalAlpha = 1;
    c.lineWidth = one;
  }
}
