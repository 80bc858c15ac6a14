// @ts-check
/**
 * The six views of a part in the browser: from a click to a point in space by the depth under it, and from a point in space to
 * its place in every view. The server looks every click up again; this is for the eye.
 */

import { ApiError, api, picture } from "./api.js";

/** A marker is shown as hidden when the body in front of it is nearer by this much, in metres. */
const HIDDEN_BEHIND_M = 0.006;

/**
 * @typedef {[number, number, number]} Xyz
 * @typedef {{title: string, rotation: number[], translation: number[], focal: number, image: HTMLImageElement, depth: Uint16Array}} View
 */

export class PartViews {
  /** @param {any} description @param {View[]} views */
  constructor(description, views) {
    this.part = description.part;
    this.width = description.width;
    this.height = description.height;
    this.near = description.depth_near;
    this.step = description.depth_step;
    this.views = views;
  }

  /** Metres from the camera under a pixel; null beside the body. @param {number} view @param {number} x @param {number} y */
  depthAt(view, x, y) {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return null;
    const code = this.views[view].depth[row * this.width + column];
    return code === 0 ? null : this.near + this.step * (code - 1);
  }

  /** The point of the body under a pixel; null beside it. @param {number} view @param {number} x @param {number} y @returns {Xyz | null} */
  pick(view, x, y) {
    const z = this.depthAt(view, x, y);
    if (z === null) return null;
    const { rotation: r, translation: t, focal } = this.views[view];
    // The face was looked up under the centre of the pixel.
    const a = ((Math.floor(x) + 0.5 - this.width / 2) * z) / focal - t[0];
    const b = ((Math.floor(y) + 0.5 - this.height / 2) * z) / focal - t[1];
    const c = z - t[2];
    return [r[0] * a + r[3] * b + r[6] * c, r[1] * a + r[4] * b + r[7] * c, r[2] * a + r[5] * b + r[8] * c];
  }

  /** Where a point in space lies in a view, and whether it is seen there. @param {number} view @param {Xyz} p */
  project(view, p) {
    const { rotation: r, translation: t, focal } = this.views[view];
    const at = [0, 1, 2].map((i) => r[3 * i] * p[0] + r[3 * i + 1] * p[1] + r[3 * i + 2] * p[2] + t[i]);
    const x = (focal * at[0]) / at[2] + this.width / 2;
    const y = (focal * at[1]) / at[2] + this.height / 2;
    const front = this.depthAt(view, x, y);
    return { x, y, seen: front !== null && at[2] - front < HIDDEN_BEHIND_M };
  }
}

/** @type {Map<number, Promise<PartViews>>} */
const loaded = new Map();

/** The views of a part, loaded once. @param {number} part @returns {Promise<PartViews>} */
export function loadViews(part) {
  let promise = loaded.get(part);
  if (!promise) {
    promise = load(part).catch((error) => {
      loaded.delete(part);
      throw error;
    });
    loaded.set(part, promise);
  }
  return promise;
}

/** @param {number} part */
async function load(part) {
  const description = await api("GET", `/api/views/${part}`);
  const views = await Promise.all(
    description.views.map(async (/** @type {any} */ view) => ({ ...view, image: await picture(view.image), depth: await depths(view.depth) })),
  );
  return new PartViews(description, views);
}

/** @param {string} address */
async function depths(address) {
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) throw new ApiError(response?.status ?? 0, "depth", "the views could not be loaded");
  const bytes = new DataView(await response.arrayBuffer());
  return Uint16Array.from({ length: bytes.byteLength / 2 }, (_, i) => bytes.getUint16(2 * i, true));
}

/** @type {[string, number, number][]} */
const LAYOUTS = [["two-rows", 3, 2], ["one-row", 6, 1], ["three-rows", 2, 3]];

/** The arrangement of the six tiles in which the pictures are largest. @param {PartViews} views @param {number} width @param {number} height */
export function bestLayout(views, width, height) {
  const scale = (/** @type {[string, number, number]} */ [, columns, rows]) => Math.min((width / columns - 24) / views.width, (height / rows - 40) / views.height);
  return LAYOUTS.reduce((a, b) => (scale(b) > scale(a) ? b : a))[0];
}
