// The theme that was chosen, before anything is drawn; none means as the system has it.
"use strict";
(() => {
  const KEY = "raddle-theme";
  const root = document.documentElement;

  // Some browsers refuse storage to files; then the choice lasts for the page.
  const stored = (write) => {
    try {
      return write();
    } catch {
      return null;
    }
  };

  const show = (theme) => {
    if (theme === "light" || theme === "dark") {
      root.dataset.theme = theme;
    } else {
      delete root.dataset.theme;
    }
  };

  const changed = () => document.dispatchEvent(new Event("themechange"));
  const chosen = () => stored(() => localStorage.getItem(KEY)) ?? "";
  show(chosen());

  document.addEventListener("DOMContentLoaded", () => {
    const select = document.getElementById("theme");
    select.value = root.dataset.theme ?? "";
    select.addEventListener("change", () => {
      stored(() => localStorage.setItem(KEY, select.value));
      show(select.value);
      changed();
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);

  // Paper is light.
  addEventListener("beforeprint", () => {
    show("light");
    changed();
  });
  addEventListener("afterprint", () => {
    show(chosen());
    changed();
  });
})();
