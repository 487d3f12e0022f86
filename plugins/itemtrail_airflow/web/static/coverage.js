// Arrow keys move from day to day in a row: left and right a day, up and down a week. Without this, Tab reaches the days that
// need somebody and the newest of each row, and the form reaches every day.
"use strict";
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || !event.target.matches("a.c")) return;
  const days = Array.from(event.target.closest(".year").querySelectorAll("a.c"));
  const to = days[days.indexOf(event.target) + step];
  if (!to) return;
  event.preventDefault();
  to.focus();
});
