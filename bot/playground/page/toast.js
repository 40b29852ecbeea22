// A short word at the edge of the page, for what went wrong; read out by screen readers.

import { el } from "./dom.js";

const SECONDS = 7;

export function toast(text) {
  const line = el("p", { class: "toast", "data-testid": "toast" }, text);
  document.getElementById("toasts").append(line);
  setTimeout(() => line.remove(), SECONDS * 1000);
}
