// Small menus beside a button: arrow keys walk, Escape or a click elsewhere closes, the focus goes back.

import { el } from "./dom.js";

let open = null;

// items: [{ label, act, testid, danger }]; `wide` lays them out in a grid, as the emoji are.
export function openMenu(anchor, items, { label, grid = false }) {
  closeMenu();
  const buttons = items.map((item) =>
    el(
      "button",
      {
        type: "button",
        role: "menuitem",
        class: item.danger ? "danger" : null,
        "data-testid": item.testid,
        "aria-label": item.name,
        title: item.name,
        onclick: () => {
          closeMenu();
          item.act();
        },
      },
      item.label,
    ),
  );
  const menu = el("div", { class: grid ? "menu grid" : "menu", role: "menu", "aria-label": label }, buttons);
  // Inside an open dialog, only what is in the dialog can be clicked.
  (anchor.closest("dialog") ?? document.body).append(menu);
  place(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const at = buttons.indexOf(document.activeElement);
      buttons.at((at + step) % buttons.length).focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopPropagation();
      closeMenu();
    }
  });
  open = { menu, anchor };
  buttons[0]?.focus();
}

export function closeMenu() {
  if (!open) return;
  const { menu, anchor } = open;
  open = null;
  anchor.setAttribute("aria-expanded", "false");
  const within = menu.contains(document.activeElement);
  menu.remove();
  if (within && anchor.isConnected) anchor.focus({ preventScroll: true });
}

function place(menu, anchor) {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = menu;
  const below = box.bottom + 4 + offsetHeight <= window.innerHeight;
  menu.style.left = `${Math.max(8, Math.min(box.right - offsetWidth, window.innerWidth - offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, below ? box.bottom + 4 : box.top - offsetHeight - 4)}px`;
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.menu.contains(event.target) && !open.anchor.contains(event.target)) closeMenu();
});
