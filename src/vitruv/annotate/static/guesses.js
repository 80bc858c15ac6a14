// @ts-check
/** The model's guesses for the points of a task: fetched once, coloured by confidence, accepted one by one or together. */

import { api } from "./api.js";

/** From here on a guess is probably right; from `SURE` on it is drawn in green. */
export const PROBABLE = 0.4;
export const SURE = 0.75;
const WANTED_KEY = "vitruv-guesses";

/** @typedef {{n: number, face: number, weights: number[], chart: number, part: number, xyz: import("./views.js").Xyz, confidence: number}} Guess */

/** Green, amber or red. @param {number} confidence */
export function confidenceColour(confidence) {
  return confidence >= SURE ? "#37c871" : confidence >= PROBABLE ? "#ffb000" : "#ff4d3d";
}

/** @param {number} confidence */
export function confidenceWord(confidence) {
  return confidence >= SURE ? "probably right" : confidence >= PROBABLE ? "may be right" : "doubtful";
}

export class Guesses {
  /** @param {import("./shell.js").Shell} shell @param {any[]} points */
  constructor(shell, points) {
    this.shell = shell;
    this.points = points;
    /** By index of the point. @type {Map<number, Guess>} */
    this.found = new Map();
    this.visible = false;
    this.sent = 0;
    /** Points of each batch that waits for the server. @type {Map<string, number[]>} */
    this.batches = new Map();
  }

  /** Whether this browser's user had guesses on in the last task. */
  static get wanted() {
    return localStorage.getItem(WANTED_KEY) === "on";
  }

  /** Show or hide the guesses; the first time they are fetched. @returns {Promise<void>} */
  async toggle() {
    this.visible = !this.visible;
    localStorage.setItem(WANTED_KEY, this.visible ? "on" : "off");
    if (!this.visible || this.found.size) return;
    try {
      const { points } = await api("POST", `${this.shell.path}/proposal`);
      for (const guess of points) this.found.set(this.points.findIndex((p) => p.n === guess.n), guess);
    } catch (error) {
      this.visible = false;
      throw error;
    }
  }

  /** The guess for an open point, while guesses are shown. @param {number} index @returns {Guess | undefined} */
  open(index) {
    return this.visible && this.points[index]?.state === "open" ? this.found.get(index) : undefined;
  }

  /** Open points whose guess is probably right. @returns {number[]} */
  probable() {
    return this.points.map((_, index) => index).filter((index) => (this.open(index)?.confidence ?? 0) >= PROBABLE);
  }

  /** Answer points by their guesses. @param {number[]} indices @param {number | null} seconds how long the annotator looked at it */
  accept(indices, seconds) {
    const answers = indices.map((index) => {
      const { n, face, weights, part, xyz } = /** @type {Guess} */ (this.found.get(index));
      Object.assign(this.points[index], { state: "placed", xyz, view: null, view_part: part });
      return seconds === null ? { n, face, weights } : { n, face, weights, seconds };
    });
    if (!answers.length) return;
    // A single answer replaces whatever still waits for the same point; a batch has a key of its own.
    const key = answers.length === 1 ? `point:${answers[0].n}` : `guesses:${++this.sent}`;
    this.batches.set(key, indices);
    this.shell.outbox.put(key, `${this.shell.path}/points`, { points: answers });
  }
}
