// Going from one place to another: a channel, the home tab, a thread; and from one person to another.

import { act, follow } from "./server.js";
import { direct, markSeen, messageAt, paint, state, takeChange, takeState, isReply, replies } from "./state.js";
import { announce } from "./announce.js";

const WIDE = "(min-width: 1000px)";

export function go(place, column = "middle") {
  state.place = place;
  state.thread = null;
  state.editing = null;
  state.column = column;
  if (place === "home") act("home", { tab: "home" });
  else {
    if (place === direct()?.id) act("home", { tab: "messages" });
    markSeen(place);
  }
  sessionStorage.setItem("place", place);
  paint();
}

export function openThread(ts, focus = false) {
  state.thread = ts;
  state.column = "thread";
  paint();
  if (focus) setTimeout(() => document.querySelector("[data-testid=thread-composer]")?.focus(), 20);
}

export function closeThread() {
  state.thread = null;
  state.column = "middle";
  paint();
}

export function show(column) {
  state.column = column;
  paint();
}

export function become(person) {
  sessionStorage.setItem("person", person);
  state.thread = null;
  state.editing = null;
  begin(person);
}

export function begin(person) {
  follow(person, {
    change: (change) => {
      if (change.kind === "state") {
        takeState(change.state);
        settle();
      } else {
        const fresh = takeChange(change);
        if (fresh) notice(fresh);
        if (change.kind === "gone" && change.ts === state.thread) closeThread();
      }
      paint();
    },
    reached: (reachable) => {
      if (state.reachable === reachable) return;
      state.reachable = reachable;
      paint();
    },
  });
}

// After a whole state has come: stay where we are if that still exists, otherwise go where the page was last.
function settle() {
  const link = location.pathname.match(/^\/archives\/(\w+)\/(?:p(\d+)(\d{6}))?/);
  if (link) {
    const ts = link[2] ? `${link[2]}.${link[3]}` : null;
    history.replaceState(null, "", "/");
    if (state.channels.has(link[1])) {
      go(link[1]);
      const message = ts ? messageAt(link[1], ts) : null;
      if (message?.thread_ts) openThread(message.thread_ts);
      return;
    }
  }
  const exists = (place) => (place === "home" && Boolean(direct())) || state.channels.has(place);
  const last = sessionStorage.getItem("place");
  if (state.place && exists(state.place)) {
    if (state.thread && !messageAt(state.place, state.thread)) state.thread = null;
    return;
  }
  // A direct message belongs to one person: for the next one, it is their own.
  if (state.place && state.place.startsWith("D") && direct()) go(direct().id, state.column);
  else if (last && exists(last)) go(last, state.column);
  else go([...state.channels.keys()][0], state.column);
}

function notice(message) {
  if (message.channel === state.place && document.visibilityState === "visible") markSeen(message.channel);
  if (message.user !== state.me && message.channel === state.place) announce(message);
  // The answer to a question just asked opens by itself where there is room for it beside the channel.
  const first = isReply(message) ? messageAt(message.channel, message.thread_ts) : null;
  const mine = first?.user === state.me && message.user === state.team.bot && message.channel === state.place;
  if (mine && replies(first).length === 1 && !writingInThread() && matchMedia(WIDE).matches) {
    state.thread = message.thread_ts;
  }
}

function writingInThread() {
  const panel = document.getElementById("thread");
  if (panel.hidden) return false;
  return panel.contains(document.activeElement) || panel.querySelector("textarea").value !== "";
}
