// The right column: one thread.

import { composer } from "./composer.js";
import { withDays, backButton } from "./conversation.js";
import { arrows, el, icon, keyed, redraw, rove } from "./dom.js";
import { drawMessage, versionOf, working } from "./message.js";
import { closeThread } from "./places.js";
import { placeName, state, thread } from "./state.js";

const panel = document.getElementById("thread");
const head = document.getElementById("thread-head");
const scroller = document.getElementById("thread-scroller");
const list = document.getElementById("thread-messages");
const status = document.getElementById("thread-status");
const foot = document.getElementById("thread-foot");

arrows(list, ".message", { roving: true });
const writer = composer(foot, {
  testid: "thread-composer",
  where: () => ({ channel: state.place, thread_ts: state.thread }),
});
panel.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const from = state.thread;
  closeThread();
  setTimeout(() => document.querySelector(`#messages [data-ts="${from}"]`)?.focus(), 20);
});

let drawn = "";

export function drawThread() {
  const channel = state.channels.get(state.place);
  panel.hidden = !state.thread || !channel;
  if (panel.hidden) return;
  const said = thread(channel.id, state.thread);
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  redraw(head, [channel], () => [
    backButton("middle", "Back to the channel"),
    el("div", { class: "grow" }, el("h2", {}, "Thread"), el("p", { class: "topic" }, placeName(channel))),
    el(
      "button",
      { type: "button", class: "tool", "aria-label": "Close thread", "data-testid": "thread-close", onclick: closeThread },
      icon("close"),
    ),
  ]);
  keyed(list, withDays(said, { inThread: true }), {
    key: (row) => row.key,
    version: (row) => versionOf(row.message, row),
    make: (row) => drawMessage(row.message, row),
  });
  rove(list, ".message");
  const busy = state.statuses.get(`${channel.id}/${state.thread}`)?.status;
  redraw(status, [busy, state.team], () => (busy ? working(busy) : null));
  writer.draw("Reply");
  const here = `${state.me}/${channel.id}/${state.thread}`;
  if (drawn !== here || atEnd) scroller.scrollTop = scroller.scrollHeight;
  drawn = here;
}
