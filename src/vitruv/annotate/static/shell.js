// @ts-check
/** What all work screens share: the task, its lease, saving, the bar on top, submitting, reviewing. */

import { ApiError, api } from "./api.js";
import { byId, dialog, h, note, noteError, shortcut, shown, typing } from "./dom.js";
import { Outbox } from "./outbox.js";
import { themeButton } from "./theme.js";

const HEARTBEAT_MS = 60_000;
const NO_MODEL = "There is no model for proposals; continue by hand";
const STAGE_KEY = "vitruv-stage";
const FINISHED_KEY = "vitruv-finished";

/** Keep to one stage after each task, or (empty) finish one person after the other. @param {string} kind */
export function chooseStage(kind) {
  sessionStorage.setItem(STAGE_KEY, kind);
}

/** The task that was submitted last in this window: the next one should be about the same person. @returns {string | null} */
export function finishedTask() {
  return sessionStorage.getItem(FINISHED_KEY);
}

/**
 * @typedef {{x: number, y: number, w: number, h: number}} Rect
 * @typedef {{id: string, kind: "boxes" | "parts" | "points", state: string, mine: boolean, note: string, annotator: string | null, replica: number, proposals: boolean,
 *   photo: {id: string, name: string, width: number, height: number}, box: Rect, masks: Record<string, string>,
 *   boxes: any[], points: any[]}} Task
 */

export class Shell {
  /** @param {Task} task @param {boolean} readOnly @param {() => void} reload start the screen anew @param {boolean} reviewing */
  constructor(task, readOnly, reload, reviewing) {
    this.task = task;
    this.readOnly = readOnly;
    this.reviewing = reviewing;
    this.reload = reload;
    this.path = `/api/tasks/${task.id}`;
    this.status = h("span", { class: "saving-state saved", "aria-live": "polite" }, readOnly ? "Read only" : "All saved");
    this.outbox = new Outbox(task.id, (state, reason) => this.#showSaving(state, reason), (key, error) => this.#onRefused(key, error));
    /** Told when the server refuses one change. @type {((key: string, error: ApiError) => void) | null} */
    this.onRefused = null;
    /** Keys to what they do. @type {Map<string, (event: KeyboardEvent) => void>} */
    this.keys = new Map();
    /** @type {[string, string][]} */
    this.help = [];
    /** @type {(() => void)[]} */
    this.closers = [];
    this.asking = false;
    this.listen = (/** @type {KeyboardEvent} */ event) => this.#key(event);
    document.addEventListener("keydown", this.listen);
    if (!readOnly) {
      const beat = setInterval(() => document.visibilityState === "visible" && this.#beat(), HEARTBEAT_MS);
      this.closers.push(() => clearInterval(beat));
    }
    this.bindKey("?", "?", "show this list", () => this.showHelp());
  }

  /**
   * @param {string} key as in KeyboardEvent.key, with "ctrl+" before it where it applies
   * @param {string} label @param {string} text what it does @param {(event: KeyboardEvent) => void} action
   */
  bindKey(key, label, text, action) {
    this.keys.set(key, action);
    if (label) this.help.push([label, text]);
  }

  /** @param {string} title @param {string} stage */
  bar(title, stage) {
    byId("bar").replaceChildren(
      h("a", { href: "#/", class: "quiet", onclick: (/** @type {Event} */ e) => { e.preventDefault(); this.leave(); } }, "‹ Back"),
      h("h1", {}, title, h("small", {}, stage)),
      this.status,
      h("button", { class: "quiet", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)", onclick: () => this.showHelp() }, "?"),
      themeButton(),
    );
  }

  showHelp() {
    const rows = this.help.map(([keys, text]) => shortcut(keys, text));
    dialog("Keyboard", [h("table", { class: "keys" }, h("tbody", {}, rows))], [{ label: "Close", value: "ok", main: true }]);
  }

  /**
   * The button and the key for asking the model. Without a model, both explain that there is none.
   * @param {string} id @param {string} label @param {string} text what it does @param {() => void} action
   */
  proposing(id, label, text, action) {
    const { proposals } = this.task;
    const ask = proposals ? action : () => note(NO_MODEL);
    this.bindKey("m", proposals ? "M" : "", text, ask);
    return h("button", { class: "grow", id, onclick: ask, "aria-disabled": proposals ? null : "true", title: proposals ? `${text} (M)` : NO_MODEL }, label);
  }

  /** The buttons at the end of a task: submit, reopen, or the reviewer's verdict. */
  finishBar() {
    if (!this.readOnly) {
      this.bindKey("ctrl+Enter", "Ctrl Enter", "submit", () => this.submit());
      return h("div", { class: "finish" },
        this.task.note ? h("p", { class: "sentback" }, h("strong", {}, "Sent back: "), this.task.note) : null,
        h("button", { class: "main wide", id: "submit", onclick: () => this.submit() }, "Submit"));
    }
    const mine = this.task.mine && (this.task.state === "submitted" || this.task.state === "accepted");
    const reopen = mine ? h("button", { id: "reopen", title: "Take this task back to change it", onclick: shown(() => this.reopen()) }, "Reopen") : null;
    if (!this.reviewing) return h("div", { class: "finish" }, h("p", { class: "faint" }, `This task is ${this.task.state}.`), reopen);
    const reason = h("textarea", { id: "note", rows: 3, placeholder: "What should change?", "aria-label": "Note to the annotator" });
    const pending = this.task.state === "submitted";
    return h("div", { class: "finish" },
      h("p", { class: "faint" }, `By ${this.task.annotator ?? "import"}, ${this.task.state}.`),
      reason,
      h("div", { class: "row" },
        h("button", { id: "send-back", onclick: shown(() => this.#verdict("return", reason.value)) }, "Send back"),
        reopen,
        h("button", { class: "main grow", id: "accept", disabled: !pending, onclick: shown(() => this.#verdict("accept", "")) }, "Accept")));
  }

  async submit() {
    if (this.readOnly) return;
    try {
      await this.outbox.settled();
      const { state } = await api("POST", `${this.path}/submit`, null, { lease: this.outbox.lease });
      note(state === "accepted" ? "Submitted" : "Submitted for review", "good", { label: "Undo", run: shown(() => this.reopen()) });
      this.close();
      sessionStorage.setItem(FINISHED_KEY, this.task.id);
      location.hash = `#/next/${sessionStorage.getItem(STAGE_KEY) ?? ""}`;
    } catch (error) {
      if (error instanceof ApiError && error.code === "conflict") this.#onRefused("", error);
      else noteError(error);
    }
  }

  /** Take a submitted task back and open it again. */
  async reopen() {
    await api("POST", `${this.path}/reopen`);
    this.close();
    location.hash = `#/task/${this.task.id}`;
  }

  /** @param {string} verdict @param {string} text */
  async #verdict(verdict, text) {
    await api("POST", `${this.path}/review`, { verdict, note: text });
    note(verdict === "accept" ? "Accepted" : "Sent back", "good");
    this.close();
    location.hash = "#/review";
  }

  async leave() {
    if (!this.readOnly && this.outbox.entries.size) {
      const choice = await dialog("Not everything is saved yet", [h("p", {}, "Your last changes are waiting for the server. This browser keeps them and sends them when you open this task here again.")],
        [{ label: "Leave", value: "leave" }, { label: "Stay", value: "stay", main: true }]);
      if (choice !== "leave") return;
    }
    location.hash = this.reviewing ? "#/review" : "#/";
  }

  close() {
    document.removeEventListener("keydown", this.listen);
    this.outbox.close();
    for (const close of this.closers.splice(0)) close();
  }

  /** @param {"saved" | "saving" | "waiting"} state @param {string} reason */
  #showSaving(state, reason) {
    this.status.className = `saving-state ${state}`;
    this.status.textContent = { saved: "All saved", saving: "Saving…", waiting: `Not saved, trying again: ${reason}` }[state];
    this.status.title = this.status.textContent;
  }

  /** @param {string} key @param {ApiError} error */
  async #onRefused(key, error) {
    if (error.status === 401) {
      this.close();
      location.hash = "#/enter";
      return;
    }
    if (error.code !== "conflict" && error.code !== "not-found") {
      note(error.message, "error");
      this.onRefused?.(key, error);
      return;
    }
    if (this.asking) return;
    this.asking = true;
    const choice = await dialog("This task has changed", [h("p", {}, error.message.charAt(0).toUpperCase() + error.message.slice(1) + ".")],
      [{ label: "Leave", value: "leave" }, { label: "Continue here", value: "here", main: true }]);
    this.asking = false;
    this.close();
    if (choice === "here") this.reload();
    else location.hash = "#/";
  }

  async #beat() {
    try {
      await api("PUT", `${this.path}/lease`, null, { lease: this.outbox.lease });
    } catch (error) {
      if (error instanceof ApiError && !error.passing) this.#onRefused("", error);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (typing(event)) return;
    const control = event.ctrlKey || event.metaKey ? "ctrl+" : "";
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = this.keys.get(control + (event.shiftKey && control ? "shift+" : "") + key);
    // Enter and space on a focused button press that button.
    const pressing = event.target instanceof HTMLButtonElement || event.target instanceof HTMLAnchorElement;
    if (!action || (pressing && (key === "Enter" || key === " ") && !control)) return;
    event.preventDefault();
    action(event);
  }
}
