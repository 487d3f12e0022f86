// The only script: the page lives in a sandboxed iframe inside Airflow (page.py says what that forbids).
// It takes over the theme chosen in Airflow, and follows links to Airflow's own pages in Airflow's window.
// Opened outside Airflow, or without scripts, every page works all the same.
"use strict";
const shell = window.parent !== window ? window.parent.document : null;

function theme() {
  const chosen = shell.documentElement.classList.contains("dark") ? "dark" : "light";
  document.documentElement.dataset.theme = chosen;
}

function follow(event) {
  const link = event.target.closest("a[data-shell]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const out = shell.createElement("a"); // a frame may not navigate its parent; a link of the parent may
  out.href = link.href;
  shell.body.append(out);
  out.click();
  out.remove();
}

if (shell) {
  theme();
  new MutationObserver(theme).observe(shell.documentElement, { attributes: true, attributeFilter: ["class"] });
  document.addEventListener("click", follow);
}
