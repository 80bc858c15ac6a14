// @ts-check
/** One of the six views on the screen: the picture, the marker, clicks, and a keyboard cursor. */

import { h } from "./dom.js";

/**
 * @typedef {{x: number, y: number, seen: boolean}} Mark
 * @typedef {{down: (x: number, y: number) => void, move: (x: number, y: number) => void, up: () => void}} Hands
 */

export class ViewTile {
  /** @param {number} index @param {Hands} hands */
  constructor(index, hands) {
    this.canvas = h("canvas", { tabindex: -1 });
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.title = h("figcaption");
    this.element = h("figure", { class: "tile", dataset: { view: index } }, this.canvas, this.title);
    this.index = index;
    /** @type {import("./views.js").PartViews | null} */
    this.views = null;
    /** @type {Mark | null} */
    this.mark = null;
    /** The model's guess. @type {Mark | null} */
    this.guess = null;
    this.guessColour = "";
    /** Guesses for other points of the part. @type {{x?: number, y?: number, colour: string}[]} */
    this.others = [];
    /** @type {{x: number, y: number} | null} */
    this.cursor = null;
    this.active = false;
    let held = false;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      held = true;
      this.canvas.setPointerCapture(event.pointerId);
      hands.down(...this.#at(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (held) hands.move(...this.#at(event));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, () => {
        if (held) hands.up();
        held = false;
      });
    }
    this.resizer = new ResizeObserver(() => this.draw());
    this.resizer.observe(this.element);
  }

  /** @param {import("./views.js").PartViews} views */
  show(views) {
    this.views = views;
    const { title } = views.views[this.index];
    this.title.replaceChildren(h("kbd", {}, String(this.index + 1)), ` ${title}`);
    this.canvas.setAttribute("aria-label", `View ${this.index + 1}: ${title}`);
    this.draw();
  }

  flash() {
    this.element.classList.remove("flash");
    void this.element.offsetWidth; // starts the animation anew
    this.element.classList.add("flash");
  }

  /** Place and scale of the picture in the tile, in CSS pixels. */
  #fit() {
    const [w, h_] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const views = this.views;
    if (!views || !w || !h_) return { scale: 1, left: 0, top: 0, w, h: h_ };
    const scale = Math.min(w / views.width, h_ / views.height);
    return { scale, left: (w - views.width * scale) / 2, top: (h_ - views.height * scale) / 2, w, h: h_ };
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  #at(event) {
    const frame = this.canvas.getBoundingClientRect();
    const { scale, left, top } = this.#fit();
    return [(event.clientX - frame.left - left) / scale, (event.clientY - frame.top - top) / scale];
  }

  draw() {
    const { scale, left, top, w, h: high } = this.#fit();
    const ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(w * ratio) || this.canvas.height !== Math.round(high * ratio)) {
      this.canvas.width = Math.round(w * ratio);
      this.canvas.height = Math.round(high * ratio);
    }
    const c = this.context;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.views) return;
    c.setTransform(scale * ratio, 0, 0, scale * ratio, left * ratio, top * ratio);
    c.drawImage(this.views.views[this.index].image, 0, 0);
    this.element.classList.toggle("active", this.active);
    for (const other of this.others) spot(c, /** @type {{x: number, y: number, colour: string}} */ (other), scale);
    if (this.guess) ring(c, this.guess, scale, this.guessColour, 9, !this.guess.seen);
    if (this.mark) ring(c, this.mark, scale, "#00e0c6", 7, !this.mark.seen);
    if (this.cursor && this.active) cross(c, this.cursor, scale);
  }

  close() {
    this.resizer.disconnect();
  }
}

/**
 * @param {CanvasRenderingContext2D} c @param {Mark} mark @param {number} scale @param {string} colour @param {number} radius
 * @param {boolean} hollow on the far side, or only a guess
 */
function ring(c, mark, scale, colour, radius, hollow) {
  const one = 1 / scale;
  c.setLineDash(hollow ? [3 * one, 3 * one] : []);
  for (const [style, width] of /** @type {[string, number][]} */ ([["rgb(0 0 0 / .65)", hollow ? 3.6 : 4.5], [colour, hollow ? 2 : 2.5]])) {
    c.beginPath();
    c.arc(mark.x, mark.y, radius * one, 0, 7);
    c.strokeStyle = style;
    c.lineWidth = width * one;
    c.stroke();
  }
  c.setLineDash([]);
  if (hollow) return;
  c.beginPath();
  c.arc(mark.x, mark.y, 1.6 * one, 0, 7);
  c.fillStyle = colour;
  c.fill();
}

/** @param {CanvasRenderingContext2D} c @param {{x: number, y: number, colour: string}} mark @param {number} scale */
function spot(c, mark, scale) {
  c.beginPath();
  c.arc(mark.x, mark.y, 3 / scale, 0, 7);
  c.fillStyle = mark.colour;
  c.fill();
  c.lineWidth = 1 / scale;
  c.strokeStyle = "rgb(0 0 0 / .6)";
  c.stroke();
}

/** @param {CanvasRenderingContext2D} c @param {{x: number, y: number}} at @param {number} scale */
function cross(c, at, scale) {
  const one = 1 / scale;
  for (const [style, width] of /** @type {[string, number][]} */ ([["rgb(0 0 0 / .65)", 3], ["#fff", 1.4]])) {
    c.strokeStyle = style;
    c.lineWidth = width * one;
    c.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      c.moveTo(at.x + 3 * dx * one, at.y + 3 * dy * one);
      c.lineTo(at.x + 12 * dx * one, at.y + 12 * dy * one);
    }
    c.stroke();
  }
}
