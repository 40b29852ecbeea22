// The page begins here: follow the workspace as one person, and draw it whenever something changes.

import { drawConversation } from "./conversation.js";
import { el, redraw } from "./dom.js";
import { drawModal } from "./modal.js";
import { begin, go, openThread } from "./places.js";
import { drawSheet } from "./sheet.js";
import { drawSidebar } from "./sidebar.js";
import { openCanvas } from "./place_tools.js";
import { fileUrl, markSeen, messageAt, onPaint, paint, state, unread } from "./state.js";
import { drawThread } from "./thread.js";
import { openTrouble, troubles } from "./trouble.js";

const FIRST = "U0HANA0001";
const bar = document.getElementById("bar");

onPaint(() => {
  drawBar();
  if (!state.ready) return;
  document.body.dataset.column = state.column;
  document.body.classList.toggle("with-thread", Boolean(state.thread));
  drawSidebar();
  drawConversation();
  drawThread();
  drawModal();
  drawSheet();
  const waiting = [...state.channels.keys()].reduce((sum, id) => sum + unread(id), 0);
  document.title = `${waiting ? `(${waiting}) ` : ""}${state.team.name} · ${state.team.bot_name} playground`;
});

function drawBar() {
  const bot = state.team.bot_name;
  const text = !state.reachable
    ? "The playground's server doesn't answer. Trying again…"
    : state.ready && !state.connected
      ? `${bot} isn't connected. What you write waits for it.`
      : "";
  const on = state.ready ? troubles() : [];
  bar.hidden = !text && !on.length;
  redraw(bar, [text, on], () => [
    text ? el("p", { "data-testid": "connection-bar" }, text) : null,
    on.length
      ? el("p", { "data-testid": "trouble-bar" }, `Trouble on purpose: ${on.join("; ")}. `, el("button", { type: "button", class: "link", "data-focus": "trouble", onclick: openTrouble }, "Change"))
      : null,
  ]);
}

// A link to a file that Slack would open in place: as whoever looks at it here.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const file = link && !link.search && new URL(link.href).pathname.match(/^\/page\/file\/(\w+)$/);
  if (!file || new URL(link.href).origin !== location.origin) return;
  event.preventDefault();
  const room = [...state.channels.values()].find((channel) => channel.canvas?.id === file[1]);
  if (room) openCanvas(room);
  else window.open(fileUrl(file[1]), "_blank", "noopener");
});

// A link to a channel, or to a message in it, goes there without loading the page again.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const found = link && new URL(link.href).pathname.match(/^\/archives\/(\w+)\/(?:p(\d+)(\d{6}))?$/);
  if (!found || new URL(link.href).origin !== location.origin || !state.channels.has(found[1])) return;
  event.preventDefault();
  go(found[1]);
  const ts = found[2] && `${found[2]}.${found[3]}`;
  const message = ts && messageAt(found[1], ts);
  if (message?.thread_ts) openThread(message.thread_ts);
  if (message) setTimeout(() => document.querySelector(`.message[data-ts="${ts}"]`)?.focus(), 50);
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible" || !state.channels.has(state.place)) return;
  markSeen(state.place);
  paint();
});

const asked = new URLSearchParams(location.search).get("as");
begin(asked ?? sessionStorage.getItem("person") ?? FIRST);
