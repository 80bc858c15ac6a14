// @ts-check
/** Light or dark: as the system says, until somebody chooses. */

import { h } from "./dom.js";

const KEY = "vitruv-theme";

export function applyTheme() {
  const chosen = localStorage.getItem(KEY);
  if (chosen) document.documentElement.dataset.theme = chosen;
}

export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export function themeButton() {
  return h("button", {
    class: "quiet theme", "aria-label": "Light or dark", title: "Light or dark",
    onclick: () => {
      const next = isDark() ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      localStorage.setItem(KEY, next);
      window.dispatchEvent(new Event("resize"));
    },
  }, "◐");
}
