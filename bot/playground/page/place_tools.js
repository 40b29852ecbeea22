// What stands at the head of a channel: its pinned messages, its canvas, who is in it.

import { confirmed } from "./confirm.js";
import { el, icon } from "./dom.js";
import { markdown } from "./markdown.js";
import { avatar, clock } from "./message.js";
import { mrkdwn } from "./mrkdwn.js";
import { openThread } from "./places.js";
import { doing } from "./server.js";
import { openSheet } from "./sheet.js";
import { me, nameOf, pinned, placeName, role, state } from "./state.js";

export function placeTools(channel) {
  const pins = pinned(channel.id).length;
  const member = channel.member;
  return [
    pins ? tool("pin", `${pins} pinned`, "pins", () => openPins(channel)) : null,
    member && channel.kind !== "im" ? tool("page", channel.canvas ? "Canvas" : "Add a canvas", "canvas", () => openCanvas(channel)) : null,
    channel.kind === "im" ? null : tool("people", String(channel.members.length), "members", () => openMembers(channel), `${channel.members.length} members`),
  ];
}

function tool(picture, label, testid, act, spoken = label) {
  return el(
    "button",
    { type: "button", class: "place-tool", "aria-label": spoken, title: spoken, "data-testid": testid, "data-focus": testid, onclick: act },
    icon(picture),
    el("span", { class: "wide-only" }, label),
  );
}

function openPins(channel) {
  openSheet({
    title: "Pinned messages",
    testid: "pins-sheet",
    version: () => [pinned(channel.id), state.me],
    draw: (close) => pinned(channel.id).map((message) => pin(message, close)),
  });
}

function pin(message, close) {
  const go = () => {
    close();
    if (message.thread_ts) openThread(message.thread_ts);
    setTimeout(() => document.querySelector(`.message[data-ts="${message.ts}"]`)?.focus(), 30);
  };
  return el(
    "article",
    { class: "pinned" },
    el("p", { class: "muted" }, `${nameOf(message.user)}, ${clock(message.ts)}; pinned by ${nameOf(message.pinned_info.pinned_by)}`),
    el("div", { class: "text" }, mrkdwn(message.text)),
    el(
      "div",
      { class: "row end" },
      el("button", { type: "button", class: "button", onclick: go }, "Go there"),
      el("button", { type: "button", class: "button", "data-testid": "unpin", onclick: () => doing("pin", { channel: message.channel, ts: message.ts, on: false }) }, "Unpin"),
    ),
  );
}

function openMembers(channel) {
  const person = (id) => {
    const who = state.people.get(id);
    const tag = who ? role(who) || (who.is_bot ? "app" : "") : "";
    return el("li", {}, avatar(id), el("span", { class: "grow" }, nameOf(id), el("span", { class: "muted detail" }, who?.title ?? "")), tag ? el("span", { class: "tag" }, tag) : null);
  };
  const bot = state.team.bot_name;
  openSheet({
    title: "Who is here",
    testid: "members-sheet",
    version: () => [state.channels.get(channel.id), state.me],
    draw: (close) => {
      const room = state.channels.get(channel.id);
      const remove = async () => {
        close();
        await doing("remove", { channel: room.id });
      };
      const share = () => doing("connect", { channel: room.id, on: !room.shared });
      const ours = room.member && !me()?.is_stranger && ["channel", "group"].includes(room.kind);
      const sharing = `${room.shared ? "Stop sharing" : "Share"} with ${state.team.partner}`;
      return [
        el("ul", { class: "members" }, room.members.map(person)),
        el(
          "div",
          { class: "row end" },
          ours ? el("button", { type: "button", class: "button", "data-testid": "connect", "data-focus": "connect", onclick: share }, sharing) : null,
          ours && room.bot_in ? el("button", { type: "button", class: "button danger", "data-testid": "remove-bot", onclick: remove }, `Remove ${bot}`) : null,
        ),
      ];
    },
  });
}

// The canvas: read first, written on demand.
export function openCanvas(channel) {
  if (!state.channels.get(channel.id).canvas) return openWriter(channel);
  return openSheet({
    title: `Canvas of ${placeName(channel)}`,
    testid: "canvas-sheet",
    version: () => [state.channels.get(channel.id)?.canvas, state.me],
    draw: (close) => reader(channel, close),
  });
}

function reader(channel, close) {
  const canvas = state.channels.get(channel.id)?.canvas;
  if (!canvas) return el("p", { class: "muted" }, "This canvas was deleted.");
  const edit = () => {
    close();
    openWriter(channel);
  };
  const remove = async () => {
    const question = { title: "Delete the canvas?", text: "It can't be brought back.", confirm: "Delete", deny: "Keep", style: "danger" };
    if (!(await confirmed(question))) return;
    close();
    await doing("delete_file", { file: canvas.id });
  };
  const mine = canvas.user === state.me || me()?.is_admin;
  return [
    el("h3", {}, canvas.title),
    el("div", { class: "text", "data-testid": "canvas-text" }, markdown(canvas.text)),
    el(
      "div",
      { class: "row end" },
      mine ? el("button", { type: "button", class: "button danger", "data-testid": "canvas-delete", onclick: remove }, "Delete") : null,
      el("button", { type: "button", class: "button primary", "data-testid": "canvas-edit", onclick: edit }, "Edit"),
    ),
  ];
}

function openWriter(channel) {
  const canvas = state.channels.get(channel.id)?.canvas;
  openSheet({ title: canvas ? "Edit the canvas" : "A canvas for everyone here", testid: "canvas-sheet", version: () => [state.me], draw: (close) => writer(channel, canvas, close) });
}

function writer(channel, canvas, close) {
  const title = el("input", { type: "text", class: "textbox", id: "canvas-title", maxlength: 80, value: canvas?.title ?? "", "data-testid": "canvas-title", "data-focus": "canvas-title" });
  const text = el("textarea", { class: "textbox", id: "canvas-text", rows: 12, value: canvas?.text ?? "", "data-testid": "canvas-box", "data-focus": "canvas-text" });
  const save = async (event) => {
    event.preventDefault();
    const answer = await doing("canvas", { channel: channel.id, title: title.value, text: text.value });
    if (answer.ok) close();
  };
  return el(
    "form",
    { class: "canvas-form", onsubmit: save },
    el("label", { for: "canvas-title" }, "Title"),
    title,
    el("label", { for: "canvas-text" }, "Text (Markdown)"),
    text,
    el("div", { class: "row end" }, el("button", { type: "submit", class: "button primary", "data-testid": "canvas-save" }, "Save")),
  );
}
