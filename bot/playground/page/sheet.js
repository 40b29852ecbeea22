// A dialog of the page's own, such as the fault panel: drawn anew whenever something it shows changes.

import { el, icon, redraw } from "./dom.js";

let open = null;

// version(): what the drawing depends on; draw(close): its nodes.
export function openSheet({ title, testid, version, draw }) {
  open?.box.close();
  const box = el("dialog", { class: "sheet-dialog", "aria-label": title, "data-testid": testid });
  document.body.append(box);
  open = { box, version, draw: () => [head(title, box), el("div", { class: "sheet-body" }, draw(() => box.close()))] };
  box.addEventListener("close", () => {
    box.remove();
    if (open?.box === box) open = null;
  });
  drawSheet();
  box.showModal();
}

export function drawSheet() {
  if (open) redraw(open.box, open.version(), open.draw);
}

function head(title, box) {
  return el(
    "header",
    {},
    el("h2", {}, title),
    el("button", { type: "button", class: "tool", "aria-label": "Close", "data-focus": "close", "data-testid": "sheet-close", onclick: () => box.close() }, icon("close")),
  );
}
