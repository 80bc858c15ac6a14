// @ts-check
/** A 256 x 256 map of part labels under the pen: polygons, brush, undo. Coordinates are grid units, pixel centres at +0.5. */

import { GRID, decodeInto, encode } from "./rle.js";

const MOST_STEPS = 200;

export class LabelMap {
  constructor() {
    /** @type {Uint8Array} */
    this.labels = new Uint8Array(GRID * GRID);
    /** @type {Uint8Array[]} */
    this.past = [];
    /** @type {Uint8Array[]} */
    this.future = [];
    /** Labels as they were when the stroke began; null between strokes. @type {Uint8Array | null} */
    this.before = null;
    /** Whether painting leaves other parts alone. */
    this.keepOthers = false;
  }

  /** @param {Record<string, string>} masks part to run lengths */
  load(masks) {
    this.labels.fill(0);
    for (const [part, counts] of Object.entries(masks)) decodeInto(this.labels, counts, Number(part));
  }

  /** @param {number} part */
  encoded(part) {
    return encode(this.labels, part);
  }

  /** Pixels of each part, by number. */
  areas() {
    const areas = new Array(15).fill(0);
    for (const label of this.labels) areas[label]++;
    return areas;
  }

  begin() {
    this.before = this.labels.slice();
  }

  /** End a stroke. Returns the parts it changed; a stroke that changed nothing leaves no step behind. */
  end() {
    const before = this.before;
    this.before = null;
    if (!before) return [];
    const changed = differing(before, this.labels);
    if (changed.length) {
      this.past.push(before);
      if (this.past.length > MOST_STEPS) this.past.shift();
      this.future = [];
    }
    return changed;
  }

  undo() {
    return this.#step(this.past, this.future);
  }

  redo() {
    return this.#step(this.future, this.past);
  }

  /** @param {Uint8Array[]} from @param {Uint8Array[]} to */
  #step(from, to) {
    const labels = from.pop();
    if (!labels) return [];
    to.push(this.labels);
    const changed = differing(this.labels, labels);
    this.labels = labels;
    return changed;
  }

  /** Give a pixel a label: 0 takes away `part` only. @param {number} i @param {number} part @param {boolean} erase */
  #paint(i, part, erase) {
    const now = this.labels[i];
    if (erase) {
      if (now === part) this.labels[i] = 0;
    } else if (!(this.keepOthers && now !== 0)) {
      this.labels[i] = part;
    }
  }

  /**
   * Fill a closed polygon (even-odd): the pixels whose centres lie inside.
   * @param {[number, number][]} corners @param {number} part @param {boolean} erase
   */
  polygon(corners, part, erase) {
    for (let y = 0; y < GRID; y++) {
      const at = y + 0.5;
      /** @type {number[]} */
      const crossings = [];
      corners.forEach(([x0, y0], i) => {
        const [x1, y1] = corners[(i + 1) % corners.length];
        if (y0 <= at !== y1 <= at) crossings.push(x0 + ((at - y0) / (y1 - y0)) * (x1 - x0));
      });
      crossings.sort((a, b) => a - b);
      for (let k = 0; k + 1 < crossings.length; k += 2) {
        const first = Math.max(0, Math.ceil(crossings[k] - 0.5));
        const last = Math.min(GRID - 1, Math.ceil(crossings[k + 1] - 0.5) - 1);
        for (let x = first; x <= last; x++) this.#paint(y * GRID + x, part, erase);
      }
    }
  }

  /**
   * A stroke of a round brush from one place to the next. The radii differ where the grid is not square in the photo.
   * @param {[number, number]} from @param {[number, number]} to @param {[number, number]} radii @param {number} part @param {boolean} erase
   */
  brush(from, to, radii, part, erase) {
    const [rx, ry] = [Math.max(radii[0], 0.5), Math.max(radii[1], 0.5)];
    const [ax, ay, bx, by] = [from[0] / rx, from[1] / ry, to[0] / rx, to[1] / ry];
    const [dx, dy] = [bx - ax, by - ay];
    const lengthSquared = dx * dx + dy * dy;
    const top = Math.max(0, Math.floor(Math.min(from[1], to[1]) - ry));
    const bottom = Math.min(GRID - 1, Math.ceil(Math.max(from[1], to[1]) + ry));
    const left = Math.max(0, Math.floor(Math.min(from[0], to[0]) - rx));
    const right = Math.min(GRID - 1, Math.ceil(Math.max(from[0], to[0]) + rx));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const [px, py] = [(x + 0.5) / rx - ax, (y + 0.5) / ry - ay];
        const along = lengthSquared ? Math.min(1, Math.max(0, (px * dx + py * dy) / lengthSquared)) : 0;
        const [ox, oy] = [px - along * dx, py - along * dy];
        if (ox * ox + oy * oy <= 1) this.#paint(y * GRID + x, part, erase);
      }
    }
  }

  /** Replace everything by a proposal. @param {Record<string, string>} masks */
  propose(masks) {
    this.begin();
    this.load(masks);
    return this.end();
  }

  /** Take a whole part away. @param {number} part */
  clear(part) {
    this.begin();
    for (let i = 0; i < this.labels.length; i++) if (this.labels[i] === part) this.labels[i] = 0;
    return this.end();
  }
}

/** Parts in which two maps differ. @param {Uint8Array} a @param {Uint8Array} b */
function differing(a, b) {
  /** @type {Set<number>} */
  const parts = new Set();
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    parts.add(a[i]);
    parts.add(b[i]);
  }
  parts.delete(0);
  return [...parts].sort((x, y) => x - y);
}
