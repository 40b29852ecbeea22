// The question before an action that asks for one.

import { el } from "./dom.js";

export function confirmed({ title, text, confirm, deny, style }) {
  return new Promise((resolve) => {
    const box = el(
      "dialog",
      { class: "confirm", "aria-label": title, "data-testid": "confirm" },
      el("h2", {}, title),
      el("div", { class: "text" }, text),
      el(
        "div",
        { class: "row end" },
        el("button", { type: "button", class: "button", onclick: () => box.close("no") }, deny),
        el(
          "button",
          {
            type: "button",
            class: `button ${style === "danger" ? "danger" : "primary"}`,
            "data-testid": "confirm-yes",
            onclick: () => box.close("yes"),
          },
          confirm,
        ),
      ),
    );
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue === "yes");
    });
    document.body.append(box);
    box.showModal();
  });
}
