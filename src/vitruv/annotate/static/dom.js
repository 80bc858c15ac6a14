// @ts-check
/** Small helpers for building pages: elements, notes at the edge, dialogs. */

/**
 * Make an element. Attributes: `class`, `on…` functions, `dataset` objects, booleans; everything else as it is.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false | (Node | string | null | false)[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element;
}

/**
 * A short message at the edge of the screen, read out by screen readers too.
 * @param {string} text
 * @param {"info" | "error" | "good"} [kind]
 * @param {{label: string, run: () => void}} [action] a button beside the text
 */
export function note(text, kind = "info", action) {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  const box = byId("notes");
  for (const old of box.querySelectorAll(".note")) if (old.querySelector("span")?.textContent === sentence) old.remove();
  const button = action && h("button", { onclick: () => { element.remove(); action.run(); } }, action.label);
  const element = h("div", { class: `note ${kind}` }, h("span", {}, sentence), button);
  box.append(element);
  setTimeout(() => element.remove(), kind === "error" ? 9000 : action ? 7000 : 3500);
}

/** Errors belong to the page on which they happened. */
export function clearErrors() {
  for (const old of document.querySelectorAll(".note.error")) old.remove();
}

/** @param {unknown} error */
export function noteError(error) {
  note(error instanceof Error ? error.message : String(error), "error");
  if (!(error instanceof Error) || error.name !== "Error") return;
  console.error(error);
}

/**
 * Run something and show what goes wrong.
 * @param {() => Promise<void> | void} action
 */
export function shown(action) {
  return async () => {
    try {
      await action();
    } catch (error) {
      noteError(error);
    }
  };
}

/**
 * A dialog with buttons; resolves with the value of the one pressed, or with null when it is closed.
 * @param {string} title
 * @param {(Node | string)[]} content
 * @param {{label: string, value: string, main?: boolean}[]} buttons
 * @returns {Promise<string | null>}
 */
export function dialog(title, content, buttons) {
  return new Promise((resolve) => {
    const element = h(
      "dialog",
      { "aria-label": title },
      h("h2", {}, title),
      ...content,
      h(
        "div",
        { class: "row end" },
        buttons.map((b) =>
          h("button", { class: b.main ? "main" : "", autofocus: b.main, onclick: () => element.close(b.value) }, b.label),
        ),
      ),
    );
    element.addEventListener("close", () => {
      element.remove();
      resolve(element.returnValue || null);
    });
    document.body.append(element);
    element.showModal();
  });
}

/** Keys meant for a text field are not shortcuts. @param {Event} event */
export function typing(event) {
  const target = event.target;
  if (document.querySelector("dialog[open]")) return true;
  return target instanceof HTMLElement && (target.matches("input:not([type=range]):not([type=checkbox]), textarea, select") || target.isContentEditable);
}

/** @param {string} keys @param {string} text */
export function shortcut(keys, text) {
  return h("tr", {}, h("td", {}, keys.split(" ").flatMap((key) => [h("kbd", {}, key), " "])), h("td", {}, text));
}
