// @ts-check
/** The screens around the work: home, photos, review, the project and its team. */

import { ApiError, api } from "./api.js";
import { byId, dialog, h, note, noteError, shown } from "./dom.js";

const STAGES = /** @type {const} */ ([["boxes", "Boxes", "Draw a box around each person"], ["parts", "Parts", "Outline the 14 parts of the body"], ["points", "Points", "Place points on six views of the body"]]);

/**
 * @typedef {{id: string, name: string, role: string, project: string}} Me
 * @typedef {{id: string, kind: string, state: string, replica: number, photo_id: string, annotator: string | null, note: string, updated: number}} Summary
 */

/** @param {Me} me */
export async function homeScreen(me) {
  const [project, mine] = await Promise.all([api("GET", "/api/project"), api("GET", "/api/tasks?mine=true")]);
  /** @type {Summary[]} */
  const tasks = mine.tasks;
  const back = tasks.filter((t) => t.state === "returned");
  const begun = tasks.filter((t) => t.state === "open");
  const waiting = STAGES.reduce((sum, [kind]) => sum + project.stages[kind].open + project.stages[kind].returned, 0);
  const inReview = STAGES.reduce((sum, [kind]) => sum + project.stages[kind].submitted, 0);
  byId("screen").replaceChildren(h("div", { class: "page" },
    h("section", { class: "card hero" },
      h("div", {}, h("h2", {}, waiting ? `Hello ${me.name}` : project.photos ? "Everything is done" : "An empty project"),
        h("p", {}, waiting ? `${waiting} task${waiting === 1 ? "" : "s"} waiting. They come one at a time, one person after the other; nobody else gets the same ones.`
          : project.photos ? "No tasks are left for you." : me.role === "owner" ? "Start by adding photos of people." : "The owner has not added photos yet.")),
      project.photos || me.role !== "owner" ? h("button", { class: "main large", id: "start", disabled: !waiting, onclick: () => { location.hash = "#/next/"; } }, begun.length ? "Continue" : "Start")
        : h("button", { class: "main large", id: "start", onclick: () => { location.hash = "#/photos"; } }, "Add photos")),
    me.role !== "annotator" && inReview ? h("section", { class: "card row spread" }, h("p", {}, `${inReview} task${inReview === 1 ? "" : "s"} waiting for review.`), h("a", { class: "button", href: "#/review" }, "Review")) : null,
    back.length ? h("section", { class: "card" }, h("h3", {}, "Sent back to you"), h("ul", { class: "list" }, back.map((t) => h("li", {}, taskLink(t, `#/task/${t.id}`), h("q", {}, t.note))))) : null,
    h("section", { class: "stages" }, STAGES.map(([kind, title, what]) => stageCard(kind, title, what, project.stages[kind]))),
    project.points.placed ? h("p", { class: "faint" }, `${project.points.placed ?? 0} points placed, ${project.points.skipped ?? 0} not visible, ${project.people} people, ${project.photos} photos.`) : null,
    tasks.length ? h("section", { class: "card" }, h("h3", {}, "Your recent work"), h("ul", { class: "list" }, tasks.slice(0, 8).map((t) =>
      h("li", {}, taskLink(t, t.state === "open" || t.state === "returned" ? `#/task/${t.id}` : `#/look/${t.id}`), h("span", { class: `chip ${t.state}` }, t.state))))) : null,
  ));
}

/** @param {string} kind @param {string} title @param {string} what @param {Record<string, number>} counts */
function stageCard(kind, title, what, counts) {
  const total = counts.open + counts.returned + counts.submitted + counts.accepted;
  const bar = h("div", { class: "bars", role: "img", "aria-label": `${counts.accepted} of ${total} accepted` });
  for (const state of ["accepted", "submitted", "returned"]) {
    const piece = h("i", { class: state });
    piece.style.width = `${total ? (100 * counts[state]) / total : 0}%`;
    bar.append(piece);
  }
  const waiting = counts.open + counts.returned;
  return h("article", { class: "card" }, h("h3", {}, title), h("p", { class: "faint" }, what), bar,
    h("p", { class: "numbers" }, h("strong", {}, String(counts.accepted)), ` of ${total} done`, counts.submitted ? `, ${counts.submitted} in review` : ""),
    h("button", { disabled: !waiting, onclick: () => { location.hash = `#/next/${kind}`; } }, waiting ? `${waiting} to do` : "Nothing to do"));
}

/** @param {Summary} task @param {string} href */
function taskLink(task, href) {
  const titles = { boxes: "Boxes", parts: "Parts", points: "Points" };
  return h("a", { class: "tasklink", href }, h("img", { src: `/api/photos/${task.photo_id}/thumbnail`, alt: "", loading: "lazy", width: 44, height: 44 }),
    h("span", {}, titles[/** @type {keyof typeof titles} */ (task.kind)], task.replica ? h("small", {}, ` opinion ${task.replica + 1}`) : "", h("small", {}, new Date(task.updated * 1000).toLocaleString())));
}

/** @param {Me} me */
export async function photosScreen(me) {
  const grid = h("div", { class: "photos" });
  const more = h("button", { hidden: true }, "More photos");
  const count = h("span", { class: "faint" });
  const legend = h("p", { class: "faint legend" }, [["open", "to do"], ["returned", "sent back"], ["submitted", "in review"], ["accepted", "done"]].map(([state, text]) => h("span", { class: "dots" }, h("i", { class: state }), text)));
  /** @type {number | null} */
  let after = 0;
  async function page() {
    const answer = await api("GET", `/api/photos?after=${after ?? 0}`);
    after = answer.next;
    more.hidden = after === null;
    count.textContent = `${answer.total} photo${answer.total === 1 ? "" : "s"}`;
    grid.append(...answer.photos.map((/** @type {any} */ p) => photoCard(p, me)));
  }
  async function reload() {
    after = 0;
    grid.replaceChildren();
    await page();
  }
  more.addEventListener("click", shown(page));
  byId("screen").replaceChildren(h("div", { class: "page wide" }, h("div", { class: "row spread" }, h("h2", {}, "Photos"), legend, count), me.role === "owner" ? dropZone(reload) : null, grid, more));
  await page();
}

/** @param {any} photo @param {Me} me */
function photoCard(photo, me) {
  const colour = (/** @type {Summary} */ t) => h("i", { class: t.state, title: `${t.kind}: ${t.state}${t.annotator ? `, ${t.annotator}` : ""}` });
  const first = photo.tasks.find((/** @type {Summary} */ t) => t.state === "returned" || t.state === "open") ?? photo.tasks[photo.tasks.length - 1];
  const href = !first ? "#/photos" : first.state === "open" || first.state === "returned" ? `#/task/${first.id}` : `#/look/${first.id}`;
  const menu = me.role === "annotator" || !photo.tasks.length ? null : h("details", {}, h("summary", {}, `${photo.tasks.length} task${photo.tasks.length === 1 ? "" : "s"}`),
    h("ul", {}, photo.tasks.map((/** @type {Summary} */ t) => h("li", {}, h("a", { href: `#/look/${t.id}` }, `${t.kind}${t.replica ? ` ${t.replica + 1}` : ""}`), ` ${t.state}${t.annotator ? `, ${t.annotator}` : ""}`))));
  return h("article", { class: "photo" }, h("a", { href }, h("img", { src: `/api/photos/${photo.id}/thumbnail`, alt: photo.name, loading: "lazy" })), h("div", { class: "dots" }, photo.tasks.map(colour)), h("small", {}, photo.name), menu);
}

/** @param {() => Promise<void>} done */
function dropZone(done) {
  const input = h("input", { type: "file", id: "files", multiple: true, accept: "image/jpeg,image/png,image/webp,application/json,.json", onchange: () => take([...(input.files ?? [])]) });
  const state = h("p", { class: "faint", role: "status" }, "JPEG, PNG or WebP; or a COCO JSON file with the people of photos that are already in the project.");
  const zone = h("section", { class: "card drop" }, h("label", { class: "main button", for: "files" }, "Add photos"), input, state);
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); zone.classList.remove("over"); take([...(event.dataTransfer?.files ?? [])]); });

  /** @param {File[]} files */
  async function take(files) {
    const photos = files.filter((file) => !file.name.toLowerCase().endsWith(".json"));
    /** @type {string[]} */
    const refused = [];
    let taken = 0;
    for (const [i, file] of photos.entries()) {
      state.textContent = `Adding ${i + 1} of ${photos.length}: ${file.name}`;
      try {
        const answer = await api("POST", `/api/photos?name=${encodeURIComponent(file.name)}`, file);
        taken += answer.new ? 1 : 0;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        refused.push(error.message);
      }
    }
    for (const file of files.filter((f) => f.name.toLowerCase().endsWith(".json"))) {
      try {
        const answer = await api("POST", "/api/import", file);
        note(`${answer.people} people imported, ${answer.annotated} with annotations${answer.missing ? `; ${answer.missing} photos are not in the project` : ""}`, "good");
      } catch (error) {
        refused.push(error instanceof Error ? error.message : String(error));
      }
    }
    input.value = "";
    state.replaceChildren(photos.length ? `${taken} new photo${taken === 1 ? "" : "s"}. ` : "", refused.length ? h("ul", { class: "wrong" }, refused.map((line) => h("li", {}, line))) : "");
    await done().catch(noteError);
  }
  return zone;
}

/** @param {Me} _me */
export async function reviewScreen(_me) {
  const [waiting, accepted] = await Promise.all([api("GET", "/api/tasks?state=submitted"), api("GET", "/api/tasks?state=accepted")]);
  const rows = (/** @type {Summary[]} */ tasks) => h("ul", { class: "list" }, tasks.map((t) => h("li", {}, taskLink(t, `#/look/${t.id}`), h("span", { class: "faint" }, t.annotator ?? "import"))));
  // The first comparison after a start takes the server a while, so the list is shown first.
  const agreement = h("div", { id: "agreement" }, h("p", { class: "faint" }, "Comparing annotators…"));
  byId("screen").replaceChildren(h("div", { class: "page" },
    h("section", { class: "card" }, h("h2", {}, "Waiting for review"), waiting.tasks.length ? rows(waiting.tasks) : h("p", { class: "faint" }, "Nothing to review.")),
    h("section", { class: "card" }, h("h3", {}, "Recently accepted"), accepted.tasks.length ? rows(accepted.tasks.slice(0, 30)) : h("p", { class: "faint" }, "Nothing yet.")),
    agreement));
  agreementCard().then((card) => agreement.replaceChildren(...(card ? [card] : [])), (error) => {
    agreement.replaceChildren();
    noteError(error);
  });
}

async function agreementCard() {
  const found = await api("GET", "/api/agreement");
  if (!found.parts.length && !found.points.length) return null;
  const cm = (/** @type {number | null} */ v) => (v === null ? "–" : `${v.toFixed(1)} cm`);
  const names = [...new Set([...found.points, ...found.parts].map((/** @type {any} */ row) => row.part))];
  const by_part = names.map((name) => {
    const points = found.points.find((/** @type {any} */ row) => row.part === name);
    const masks = found.parts.find((/** @type {any} */ row) => row.part === name);
    return h("tr", {}, [name, cm(points?.mean_cm ?? null), String(points?.pairs ?? "–"), masks?.iou.toFixed(2) ?? "–"].map((text) => h("td", {}, text)));
  });
  return h("section", { class: "card" }, h("h3", {}, "Agreement between annotators"),
    h("table", { class: "figures" }, h("thead", {}, h("tr", {}, ["Part", "Distance of points", "Pairs", "Overlap of masks"].map((t) => h("th", { scope: "col" }, t)))), h("tbody", {}, by_part)),
    found.annotators.map((/** @type {any} */ a) => h("p", { class: "faint" }, `${a.a} and ${a.b}: ${cm(a.mean_cm)} over ${a.points} points`)));
}

/** @param {Me} me */
export async function projectScreen(me) {
  const project = await api("GET", "/api/project");
  const change = (/** @type {object} */ body) => shown(async () => { await api("PATCH", "/api/project", body); note("Saved", "good"); });
  const name = h("input", { value: project.name, maxlength: 100, id: "name", onchange: () => change({ name: name.value })() });
  const review = h("input", { type: "checkbox", id: "reviewed", checked: project.settings.review, onchange: () => change({ review: review.checked })() });
  const replicas = h("input", { type: "number", min: 1, max: 10, id: "replicas", value: project.settings.replicas, onchange: () => change({ replicas: Number(replicas.value) })() });
  const lease = h("input", { type: "number", min: 1, max: 1440, id: "lease", value: project.settings.lease_minutes, onchange: () => change({ lease_minutes: Number(lease.value) })() });
  const bytes = h("input", { type: "number", min: 1, max: 1000, id: "megabytes", value: project.settings.photo_megabytes, onchange: () => change({ photo_megabytes: Number(bytes.value) })() });
  const pixels = h("input", { type: "number", min: 1, max: 1000, id: "megapixels", value: project.settings.photo_megapixels, onchange: () => change({ photo_megapixels: Number(pixels.value) })() });
  const count = h("select", { id: "points-per-part", onchange: () => change({ points_per_part: count.value ? Number(count.value) : null })() },
    [["", "by area, 5 to 14"], ...[1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 20, 30].map((n) => [String(n), String(n)])].map(([value, label]) =>
      h("option", { value, selected: value === String(project.settings.points_per_part ?? "") }, label)));
  const somebody = h("input", { id: "invitee", placeholder: "Name", maxlength: 60, "aria-label": "Name of the new annotator" });
  const role = h("select", { id: "role", "aria-label": "Role" }, ["annotator", "reviewer", "owner"].map((r) => h("option", {}, r)));
  const invite = shown(async () => {
    const made = await api("POST", "/api/annotators", { name: somebody.value, role: role.value });
    await showLink(made.name, made.token);
    await projectScreen(me);
  });
  const rows = project.team.map((/** @type {any} */ a) => h("tr", { class: a.active ? "" : "out" }, h("td", {}, a.name, h("small", {}, ` ${a.role}`)),
    ...["boxes", "parts", "points"].map((kind) => h("td", {}, String(a.finished[kind] ?? 0))), h("td", {}, a.seconds_per_point ? `${a.seconds_per_point.toFixed(1)} s` : "–"),
    h("td", {}, h("div", { class: "row end" }, a.id === me.id ? "" : [
      h("button", { class: "small", onclick: shown(async () => showLink(a.name, (await api("POST", `/api/annotators/${a.id}/link`)).token)) }, "New link"),
      h("button", { class: "small", onclick: shown(async () => { await api("PATCH", `/api/annotators/${a.id}`, { active: !a.active }); await projectScreen(me); }) }, a.active ? "Deactivate" : "Reactivate")]))));
  byId("screen").replaceChildren(h("div", { class: "page" },
    h("section", { class: "card" }, h("h2", {}, "Team"), h("div", { class: "scroll" }, h("table", { class: "figures" }, h("thead", {}, h("tr", {}, ["Name", "Boxes", "Parts", "Points", "Time per point", ""].map((t) => h("th", { scope: "col" }, t)))), h("tbody", {}, rows))),
      h("form", { class: "row", onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); invite(); } }, somebody, role, h("button", { class: "main", id: "invite" }, "Invite"))),
    h("section", { class: "card settings" }, h("h2", {}, "Settings"),
      h("label", {}, "Name", name),
      h("label", { class: "check" }, review, h("span", {}, "Review", h("small", {}, " Work counts only after a reviewer has accepted it."))),
      h("label", {}, h("span", {}, "Annotators per person", h("small", {}, " More than one shows how well they agree. Applies to new tasks.")), replicas),
      h("label", {}, h("span", {}, "Points per part", h("small", {}, " By area is the rule of DensePose-COCO. Applies when parts are submitted.")), count),
      h("label", {}, h("span", {}, "Minutes until an idle task goes to somebody else"), lease),
      h("label", {}, "Largest photo, megabytes", bytes),
      h("label", {}, "Largest photo, million pixels", pixels)),
    h("section", { class: "card" }, h("h2", {}, "Export"), h("p", {}, "DensePose-COCO JSON of the current state; you can export again at any time."),
      h("div", { class: "row" }, h("a", { class: "main button", id: "export", href: "/api/export", download: "densepose_coco.json" }, "Accepted work"), h("a", { class: "button", href: "/api/export?unfinished=true", download: "densepose_coco_all.json" }, "Everything so far")))));
}

/** @param {string} name @param {string} token */
async function showLink(name, token) {
  const link = `${location.origin}/#/enter/${token}`;
  const field = h("input", { value: link, readonly: true, id: "link", "aria-label": "Personal link", onfocus: () => field.select() });
  const choice = await dialog(`${name}'s personal link`, [h("p", {}, "It is shown only once. Anyone with this link works under this name."), field], [{ label: "Close", value: "" }, { label: "Copy", value: "copy", main: true }]);
  if (choice !== "copy") return;
  try {
    await navigator.clipboard.writeText(link);
    note("Copied", "good");
  } catch {
    await dialog("Copy the link manually", [field], [{ label: "Close", value: "", main: true }]);
  }
}
