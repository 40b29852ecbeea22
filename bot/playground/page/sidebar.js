// The left column: who you are, and where you can go.

import { arrows, el, icon, redraw } from "./dom.js";
import { become, go } from "./places.js";
import { direct, state, unread } from "./state.js";

const column = document.getElementById("sidebar");
arrows(column, "nav button, nav a");

export function drawSidebar() {
  const rooms = [...state.channels.values()].filter((channel) => channel.kind !== "im");
  const counts = [...state.channels.keys()].map((id) => (id === state.place ? 0 : unread(id)));
  const people = [...state.people.values()].filter((person) => !person.is_bot);
  const version = [state.team, state.me, state.place, counts, rooms, people, state.documents];
  redraw(column, version, () => [header(people), places(rooms)]);
}

function header(people) {
  const me = state.people.get(state.me);
  const options = people.map((person) =>
    el("option", { value: person.id, selected: person.id === state.me }, person.real_name + (person.is_admin ? " (admin)" : "")),
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
      el("span", {}, me?.title ?? ""),
      me?.is_admin ? el("span", { class: "tag admin", "data-testid": "admin-badge" }, "admin") : null,
    ),
  );
}

function places(rooms) {
  const dm = direct();
  const bot = state.team.bot_name;
  return el(
    "nav",
    { "aria-label": "Channels and conversations" },
    el("h2", {}, "Channels"),
    rooms.map((room) => entry(room.id, room.kind === "group" ? "lock" : "hash", room.name, `channel-${room.name}`)),
    el("h2", {}, bot),
    dm ? entry(dm.id, "reply", "Direct message", "channel-lorebot") : null,
    entry("home", "home", `${bot}'s home`, "home"),
    state.documents ? el("h2", {}, "Look it up") : null,
    state.documents
      ? el("a", { href: "/documents/", target: "_blank", class: "entry", "data-focus": "documents" }, icon("book"), el("span", {}, "Handbook"))
      : null,
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
    picture === "lock" ? el("span", { class: "hidden-text" }, " (private)") : null,
    count ? el("span", { class: "badge" }, String(count), el("span", { class: "hidden-text" }, " new")) : null,
  );
}
