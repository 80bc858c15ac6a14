// @ts-check
/** A canvas that can be zoomed and moved: wheel, pinch, two fingers, middle button, space bar. World units are photo pixels. */

const CLOSEST = 60;
const WHEEL = 0.0016;

/**
 * @typedef {{x: number, y: number}} Place
 * @typedef {{place: Place, event: PointerEvent, alt: boolean, shift: boolean}} Touch
 */

export class Stage {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(context: CanvasRenderingContext2D, stage: Stage) => void} draw called with world units set up
   */
  constructor(canvas, draw) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.draw = draw;
    /** Screen pixels per world unit, and the screen place of the world's origin. */
    this.scale = 1;
    this.left = 0;
    this.top = 0;
    this.panning = false;
    /** @type {((touch: Touch) => void) | null} */
    this.onDown = null;
    /** @type {((touch: Touch) => void) | null} */
    this.onMove = null;
    /** @type {((touch: Touch) => void) | null} */
    this.onUp = null;
    /** A touch turned out to be the first finger of two. @type {(() => void) | null} */
    this.onCancel = null;
    /** @type {{x: number, y: number, w: number, h: number} | null} */
    this.framed = null;
    /** @type {Map<number, Place>} */
    this.pointers = new Map();
    this.drawing = false;
    this.queued = false;
    this.spaceHeld = false;
    this.resizer = new ResizeObserver(() => this.#resize());
    this.resizer.observe(canvas);
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#up(event));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  get size() {
    return { w: this.canvas.clientWidth, h: this.canvas.clientHeight };
  }

  /** Screen pixels of the canvas to world units. @param {number} x @param {number} y @returns {Place} */
  toWorld(x, y) {
    return { x: (x - this.left) / this.scale, y: (y - this.top) / this.scale };
  }

  /** @param {Place} place @returns {Place} */
  toScreen(place) {
    return { x: place.x * this.scale + this.left, y: place.y * this.scale + this.top };
  }

  /** Show a rectangle of the world as large as possible. @param {{x: number, y: number, w: number, h: number}} box @param {number} [margin] */
  frame(box, margin = 0.06) {
    this.framed = { ...box };
    const { w, h } = this.size;
    if (!w || !h) return;
    this.scale = Math.min(w / (box.w * (1 + 2 * margin)), h / (box.h * (1 + 2 * margin)));
    this.left = w / 2 - (box.x + box.w / 2) * this.scale;
    this.top = h / 2 - (box.y + box.h / 2) * this.scale;
    this.redraw();
  }

  /** Zoom by a factor about a place on the screen (its middle, when absent). @param {number} factor @param {Place} [about] */
  zoom(factor, about) {
    const { w, h } = this.size;
    const { x, y } = about ?? { x: w / 2, y: h / 2 };
    const next = Math.min(CLOSEST, Math.max(0.02, this.scale * factor));
    this.left = x - ((x - this.left) * next) / this.scale;
    this.top = y - ((y - this.top) * next) / this.scale;
    this.scale = next;
    this.framed = null;
    this.redraw();
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.left += dx;
    this.top += dy;
    this.framed = null;
    this.redraw();
  }

  redraw() {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      const ratio = window.devicePixelRatio || 1;
      this.context.setTransform(1, 0, 0, 1, 0, 0);
      this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      this.context.setTransform(this.scale * ratio, 0, 0, this.scale * ratio, this.left * ratio, this.top * ratio);
      this.draw(this.context, this);
    });
  }

  close() {
    this.resizer.disconnect();
  }

  #resize() {
    const ratio = window.devicePixelRatio || 1;
    const { w, h } = this.size;
    this.canvas.width = Math.max(1, Math.round(w * ratio));
    this.canvas.height = Math.max(1, Math.round(h * ratio));
    if (this.framed) this.frame(this.framed);
    this.redraw();
  }

  /** @param {PointerEvent | WheelEvent} event @returns {Place} */
  #at(event) {
    const frame = this.canvas.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  }

  /** @param {PointerEvent} event @returns {Touch} */
  #touch(event) {
    const at = this.#at(event);
    return { place: this.toWorld(at.x, at.y), event, alt: event.altKey || event.button === 2 || (event.buttons & 2) > 0, shift: event.shiftKey };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.#at(event));
    if (this.pointers.size === 2) {
      if (this.drawing) this.onCancel?.();
      this.drawing = false;
      this.panning = true;
    } else if (event.button === 1 || this.spaceHeld) {
      this.panning = true;
      event.preventDefault();
    } else {
      this.drawing = true;
      this.onDown?.(this.#touch(event));
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const before = this.pointers.get(event.pointerId);
    const now = this.#at(event);
    if (before && this.panning) {
      const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      const steady = others[0];
      this.pan((now.x - before.x) / this.pointers.size, (now.y - before.y) / this.pointers.size);
      if (steady) {
        const spread = Math.hypot(now.x - steady.x, now.y - steady.y) / Math.max(1, Math.hypot(before.x - steady.x, before.y - steady.y));
        this.zoom(spread, { x: (now.x + steady.x) / 2, y: (now.y + steady.y) / 2 });
      }
    } else if (this.drawing || !before) {
      this.onMove?.(this.#touch(event));
    }
    if (before) this.pointers.set(event.pointerId, now);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.pointers.delete(event.pointerId);
    if (this.drawing) this.onUp?.(this.#touch(event));
    this.drawing = false;
    if (this.pointers.size === 0) this.panning = false;
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const step = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey && !event.ctrlKey) this.pan(-event.deltaY * step, 0);
    else this.zoom(Math.exp(-event.deltaY * step * WHEEL * (event.ctrlKey ? 4 : 1)), this.#at(event));
  }
}
