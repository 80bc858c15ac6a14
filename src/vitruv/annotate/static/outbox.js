// @ts-check
/**
 * What is not saved yet. Each change waits here until the server has confirmed it: through a lost network, a restarting server or
 * a full disk; and in the browser's own storage too, so that closing the window loses nothing.
 */

import { ApiError, api } from "./api.js";

/**
 * @typedef {{path: string, body: any}} Entry
 * @typedef {(status: "saved" | "saving" | "waiting", reason: string) => void} Watcher
 * @typedef {(key: string, error: ApiError) => void} Refused
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

export class Outbox {
  /**
   * @param {string} taskId
   * @param {Watcher} watch told whenever the state of saving changes
   * @param {Refused} refused told when the server refuses a change for good; the change is dropped
   */
  constructor(taskId, watch, refused) {
    this.storageKey = `vitruv-outbox-${taskId}`;
    this.watch = watch;
    this.refused = refused;
    this.lease = "";
    /** Told what the server answered to a change. @type {((key: string, answer: any) => void) | null} */
    this.onSaved = null;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    this.sending = false;
    this.closed = false;
    this.wait = FIRST_WAIT_MS;
    /** @type {(() => void)[]} */
    this.idle = [];
    /** @type {number | undefined} */
    this.timer = undefined;
    this.wake = () => this.#flush();
    this.guard = (/** @type {BeforeUnloadEvent} */ event) => {
      if (this.entries.size) event.preventDefault();
    };
    window.addEventListener("online", this.wake);
    window.addEventListener("beforeunload", this.guard);
  }

  /**
   * Send again what an earlier window could not save, unless the task was open elsewhere in between: newer work goes first.
   * @param {string} previous the key of the lease before this one
   * @returns {number} changes found
   */
  restore(previous) {
    /** @type {{lease: string, entries: [string, Entry][]}} */
    let kept = { lease: "", entries: [] };
    try {
      kept = JSON.parse(localStorage.getItem(this.storageKey) ?? "") || kept;
    } catch {
      return 0;
    }
    localStorage.removeItem(this.storageKey);
    if (!previous || kept.lease !== previous) return 0;
    this.entries = new Map(kept.entries);
    this.#keep();
    this.#flush();
    return kept.entries.length;
  }

  /**
   * Save a change. A later change with the same key replaces one that still waits; with `merge`, their parts are joined.
   * @param {string} key @param {string} path @param {any} body @param {boolean} [merge]
   */
  put(key, path, body, merge = false) {
    const waiting = this.entries.get(key);
    if (merge && waiting) body = { parts: { ...waiting.body.parts, ...body.parts } };
    this.entries.delete(key);
    this.entries.set(key, { path, body });
    this.#keep();
    this.#flush();
  }

  /** Resolves when everything is saved or refused. @returns {Promise<void>} */
  settled() {
    return this.entries.size ? new Promise((resolve) => this.idle.push(resolve)) : Promise.resolve();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    window.removeEventListener("online", this.wake);
    window.removeEventListener("beforeunload", this.guard);
  }

  #keep() {
    try {
      if (this.entries.size) localStorage.setItem(this.storageKey, JSON.stringify({ lease: this.lease, entries: [...this.entries] }));
      else localStorage.removeItem(this.storageKey);
    } catch (error) {
      console.warn("the browser keeps no copy of unsaved changes", error);
    }
  }

  async #flush() {
    if (this.sending || this.closed) return;
    clearTimeout(this.timer);
    this.sending = true;
    while (this.entries.size && !this.closed) {
      this.watch("saving", "");
      const [key, entry] = /** @type {[string, Entry]} */ (this.entries.entries().next().value);
      try {
        const answer = await api("PUT", entry.path, entry.body, { lease: this.lease });
        this.onSaved?.(key, answer);
        this.wait = FIRST_WAIT_MS;
        if (this.entries.get(key) === entry) this.entries.delete(key);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.passing) {
          this.sending = false;
          this.watch("waiting", error.message);
          this.timer = setTimeout(this.wake, this.wait);
          this.wait = Math.min(2 * this.wait, LONGEST_WAIT_MS);
          return;
        }
        if (this.entries.get(key) === entry) this.entries.delete(key);
        this.refused(key, error);
      }
      this.#keep();
    }
    this.sending = false;
    if (this.entries.size) return;
    this.watch("saved", "");
    for (const resolve of this.idle.splice(0)) resolve();
  }
}
