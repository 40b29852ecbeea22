// The bot's modals: the top one of the stack, in a dialog that keeps the focus and closes on Escape.

import { drawBlocks } from "./blocks.js";
import { el, icon, redraw } from "./dom.js";
import { plainText } from "./objects.js";
import { doing } from "./server.js";
import { paint, state } from "./state.js";

const box = document.getElementById("modal");
const FIELD = ".blocks :is(input, textarea, select)";
let values = {};
let errors = {};
let busy = false;
let shown = "";
let opener = null;

box.addEventListener("cancel", (event) => {
  event.preventDefault();
  close();
});

export function drawModal() {
  const view = state.views.at(-1);
  if (!view) {
    if (box.open) {
      box.close();
      opener?.isConnected && opener.focus({ preventScroll: true });
    }
    shown = "";
    return;
  }
  if (view.id !== shown) {
    // Another modal. One that was only updated keeps what was written in it, as Slack does.
    values = {};
    errors = {};
    busy = false;
  }
  // What is shown first may only say that more is coming: the focus goes to the first field when there is one.
  const fresh = view.id !== shown || !box.querySelector(FIELD);
  shown = view.id;
  redraw(box, [view, state.views.length, errors, busy], () => draw(view));
  box.setAttribute("aria-label", view.title.text);
  if (!box.open) {
    opener = document.activeElement;
    box.showModal();
  }
  if (fresh) firstField()?.focus();
}

function firstField() {
  const first = box.querySelector(FIELD);
  if (first?.type !== "radio") return first;
  return box.querySelector(`input[name="${CSS.escape(first.name)}"]:checked`) ?? first;
}

function draw(view) {
  const surface = {
    errors,
    act: (block_id, part, value) =>
      doing("action", { view_id: view.id, block_id, action_id: part.action_id, value, values }),
    set: (block_id, part, value) => {
      values[block_id] = { ...values[block_id], [part.action_id]: value };
    },
    value: (block_id, part) => values[block_id]?.[part.action_id],
  };
  const submit = view.submit
    ? el("button", { type: "submit", class: "button primary", disabled: busy, "data-testid": "modal-submit", "data-focus": "submit" }, busy ? "Sending…" : plainText(view.submit.text))
    : null;
  const label = view.close?.text ?? (view.submit ? "Cancel" : "Close");
  return el(
    "form",
    {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        send(view);
      },
    },
    el(
      "header",
      {},
      state.views.length > 1 ? el("button", { type: "button", class: "tool", "aria-label": "Back", onclick: () => close() }, icon("back")) : null,
      el("h2", {}, plainText(view.title.text)),
      el("button", { type: "button", class: "tool", "aria-label": "Close", "data-focus": "close", onclick: () => close(true) }, icon("close")),
    ),
    el("div", { class: "blocks" }, drawBlocks(view.blocks, surface)),
    el(
      "footer",
      { class: "row end" },
      el("button", { type: "button", class: "button", "data-testid": "modal-close", "data-focus": "cancel", onclick: () => close() }, plainText(label)),
      submit,
    ),
  );
}

async function send(view) {
  if (busy) return;
  busy = true;
  errors = {};
  paint();
  const answer = await doing("submit", { view_id: view.id, values });
  busy = false;
  errors = answer.errors ?? {};
  paint();
  const [first] = Object.keys(errors);
  if (first) {
    setTimeout(() => box.querySelector(`[data-block="${CSS.escape(first)}"] :is(input, textarea, select)`)?.focus(), 20);
  }
}

function close(all = false) {
  const view = state.views.at(-1);
  if (view) doing("close", { view_id: view.id, all });
}
