// The left column: who you are, and where you can go.

import { arrows, el, icon, redraw } from "./dom.js";
import { become, go } from "./places.js";
import { channelTitle, direct, me, role, state, unread } from "./state.js";
import { openTrouble, troubles } from "./trouble.js";

const column = document.getElementById("sidebar");
arrows(column, "nav button, nav a");

export function drawSidebar() {
  const rooms = [...state.channels.values()].filter((channel) => channel.kind !== "im");
  const counts = [...state.channels.keys()].map((id) => (id === state.place ? 0 : unread(id)));
  const people = [...state.people.values()].filter((person) => !person.is_bot);
  const version = [state.team, state.me, state.place, counts, rooms, people, state.documents, troubles()];
  redraw(column, version, () => [header(people), places(rooms), weather()]);
}

function header(people) {
  const options = people.map((person) =>
    el("option", { value: person.id, selected: person.id === state.me }, person.real_name + (role(person) ? ` (${role(person)})` : "")),
  );
  return el(
    "div",
    { class: "who" },
    el("h1", {}, state.team.name, el("span", { class: "tag" }, "playground")),
    el("label", { for: "person" }, "You are"),
    el(
        "select",
        {
          id: "person",
          class: "select",
          "data-testid": "person-switch",
          "data-focus": "person",
          onchange: (event) => become(event.target.value),
        },
        options,
    ),
    el(
      "p",
      { class: "role" },
      el("span", {}, me()?.title ?? ""),
      me() && role(me()) ? el("span", { class: `tag ${me().is_admin ? "admin" : ""}`, "data-testid": `${me().is_admin ? "admin" : "role"}-badge` }, role(me())) : null,
    ),
  );
}

function places(rooms) {
  const dm = direct();
  const bot = state.team.bot_name;
  const own = !me()?.is_stranger;
  const handbook = state.documents && own && !me()?.is_guest;
  const [open, several] = [rooms.filter((room) => room.kind !== "mpim"), rooms.filter((room) => room.kind === "mpim")];
  return el(
    "nav",
    { "aria-label": "Channels and conversations" },
    el("h2", {}, "Channels"),
    open.map((room) => entry(room.id, room.shared ? "link" : room.kind === "group" ? "lock" : "hash", room.name, `channel-${room.name}`)),
    several.length ? el("h2", {}, "Group messages") : null,
    several.map((room) => entry(room.id, "people", channelTitle(room), `channel-${room.name}`)),
    own ? el("h2", {}, bot) : null,
    dm ? entry(dm.id, "reply", "Direct message", "channel-lorebot") : null,
    own ? entry("home", "home", `${bot}'s home`, "home") : null,
    handbook ? el("h2", {}, "Look it up") : null,
    handbook
      ? el("a", { href: "/documents/", target: "_blank", class: "entry", "data-focus": "documents" }, icon("book"), el("span", {}, "Handbook"))
      : null,
  );
}

const SPOKEN = { lock: " (private)", link: " (shared with another workspace)" };

// The way to the fault panel, which says how many faults are on.
function weather() {
  const on = troubles().length;
  return el(
    "button",
    { type: "button", class: on ? "entry weather on" : "entry weather", "data-testid": "trouble", "data-focus": "trouble", onclick: openTrouble },
    icon("storm"),
    el("span", {}, "Make trouble"),
    on ? el("span", { class: "badge" }, String(on), el("span", { class: "hidden-text" }, " on")) : null,
  );
}

function entry(id, picture, name, testid) {
  const here = state.place === id;
  const count = here || id === "home" ? 0 : unread(id);
  return el(
    "button",
    {
      type: "button",
      class: count ? "entry unread" : "entry",
      "data-testid": testid,
      "data-focus": id,
      "aria-current": here ? "page" : null,
      onclick: () => go(id),
    },
    icon(picture),
    el("span", {}, name),
    SPOKEN[picture] ? el("span", { class: "hidden-text" }, SPOKEN[picture]) : null,
    count ? el("span", { class: "badge" }, String(count), el("span", { class: "hidden-text" }, " new")) : null,
  );
}
