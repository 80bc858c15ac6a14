// @ts-check
/** The part of the address after # chooses the screen. */

import { ApiError, api } from "./api.js";
import { boxesScreen } from "./boxes_screen.js";
import { byId, clearErrors, h, note, noteError } from "./dom.js";
import { homeScreen, photosScreen, projectScreen, reviewScreen } from "./home.js";
import { partsScreen } from "./parts_screen.js";
import { pointsScreen } from "./points_screen.js";
import { Shell, chooseStage, finishedTask } from "./shell.js";
import { applyTheme, themeButton } from "./theme.js";

const SCREENS = { boxes: boxesScreen, parts: partsScreen, points: pointsScreen };

/** @type {Shell | null} */
let shell = null;
/** Counts visits, so that a slow answer to an old one is not shown. */
let visit = 0;

/** @returns {Promise<void>} */
async function show() {
  const mine = ++visit;
  shell?.close();
  shell = null;
  document.body.className = "";
  clearErrors();
  const [, name = "", argument = ""] = location.hash.split("/");
  try {
    if (name === "enter" && argument) {
      await api("POST", "/api/session", { token: decodeURIComponent(argument) });
      history.replaceState(null, "", "#/"); // the secret leaves the address bar
      return show();
    }
    if (name === "enter") return doorScreen("");
    const me = await api("GET", "/api/me");
    if (mine !== visit) return;
    document.title = `${me.project} · Vitruv annotate`;
    if (name === "task" || name === "look") return await openTask(argument, name === "look", me);
    if (name === "next") return await openNext(argument);
    navigation(me, name);
    chooseStage("");
    if (name === "photos") await photosScreen(me);
    else if (name === "review") await reviewScreen(me);
    else if (name === "project") await projectScreen(me);
    else await homeScreen(me);
    byId("screen").focus({ preventScroll: true });
  } catch (error) {
    if (mine !== visit) return;
    if (error instanceof ApiError && error.status === 401) return doorScreen(error.code === "wrong-token" ? error.message : "");
    brokenScreen(error);
  }
}

/** The next task of a stage, or of any stage; home when there is none. @param {string} kind */
async function openNext(kind) {
  chooseStage(kind);
  const body = { ...(kind ? { kinds: [kind] } : {}), after: finishedTask() };
  const { lease } = await api("POST", "/api/next", body);
  if (lease) return location.replace(`#/task/${lease.task_id}`);
  if (kind) {
    note(`No ${kind} tasks are left for you`);
    return openNext("");
  }
  location.replace("#/");
}

/** @param {string} id @param {boolean} looking only look at it, or review it @param {{role: string}} me @returns {Promise<void>} */
async function openTask(id, looking, me) {
  const mine = visit;
  const key = looking ? null : (await api("POST", `/api/tasks/${id}/lease`)).lease;
  const task = await api("GET", `/api/tasks/${id}`);
  if (mine !== visit) return;
  document.body.className = "working";
  shell = new Shell(task, looking, show, looking && me.role !== "annotator");
  if (key) {
    shell.outbox.lease = key.key;
    if (shell.outbox.restore(key.previous)) {
      await shell.outbox.settled();
      return show(); // start from what is saved now
    }
  }
  await SCREENS[/** @type {keyof typeof SCREENS} */ (task.kind)](shell);
}

/** @param {{name: string, role: string, project: string}} me @param {string} here */
function navigation(me, here) {
  const links = [["", "Work"], ["photos", "Photos"], ...(me.role !== "annotator" ? [["review", "Review"]] : []), ...(me.role === "owner" ? [["project", "Project"]] : [])];
  byId("bar").replaceChildren(
    h("a", { href: "#/", class: "brand" }, h("img", { src: "/static/icon.svg", alt: "", width: 26, height: 26 }), me.project),
    h("nav", { "aria-label": "Main" }, links.map(([name, label]) => h("a", { href: `#/${name}`, "aria-current": name === here ? "page" : null }, label))),
    h("span", { class: "who" }, me.name),
    themeButton(),
  );
}

/** @param {string} reason */
function doorScreen(reason) {
  const input = h("input", { type: "password", id: "token", autocomplete: "off", "aria-label": "Personal key", placeholder: "Personal key" });
  byId("bar").replaceChildren(h("span", { class: "brand" }, h("img", { src: "/static/icon.svg", alt: "", width: 26, height: 26 }), "Vitruv annotate"), h("span", { class: "grow" }), themeButton());
  byId("screen").replaceChildren(h("section", { class: "door card" }, h("h2", {}, "Open your personal link"),
    h("p", {}, "Every member of the team has a personal link. Ask the owner of the project for yours, or paste the key at its end here."),
    reason ? h("p", { class: "wrong" }, reason.charAt(0).toUpperCase() + reason.slice(1) + ".") : null,
    h("form", { class: "row", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); const key = input.value.trim().split("/").pop(); if (key) location.hash = `#/enter/${encodeURIComponent(key)}`; } },
      input, h("button", { class: "main" }, "Enter"))));
  input.focus();
}

/** @param {unknown} error */
function brokenScreen(error) {
  noteError(error);
  const text = error instanceof Error ? error.message : String(error);
  byId("screen").replaceChildren(h("section", { class: "door card" }, h("h2", {}, "That did not work"), h("p", { class: "wrong" }, text.charAt(0).toUpperCase() + text.slice(1) + "."),
    h("div", { class: "row" }, h("button", { class: "main", onclick: () => show() }, "Try again"), h("button", { onclick: () => { location.hash = "#/"; } }, "Home"))));
}

window.addEventListener("unhandledrejection", (event) => noteError(event.reason));
window.addEventListener("error", (event) => noteError(event.error ?? event.message));
window.addEventListener("hashchange", show);
applyTheme();
show();
