// One message: who, when, what, the reactions, the replies, and what can be done with it.

import { drawBlocks } from "./blocks.js";
import { el, icon } from "./dom.js";
import { emoji, PICKER, QUICK, spokenName } from "./emoji.js";
import { confirmed } from "./confirm.js";
import { files, pinLine, removeFile } from "./message_files.js";
import { openMenu } from "./menu.js";
import { asTyped, mrkdwn, plain, spoken } from "./mrkdwn.js";
import { openThread } from "./places.js";
import { doing } from "./server.js";
import { isReply, me, messageAt, nameOf, paint, replies, state } from "./state.js";
import { toast } from "./toast.js";

const TINTS = 6;

// All that the drawing of a message depends on.
export function versionOf(message, { inThread, compact }) {
  const answers = inThread ? [] : replies(message).map((reply) => [reply.ts, reply.user]);
  const status = inThread ? null : state.statuses.get(`${message.channel}/${message.ts}`)?.status;
  return [message, answers, status, compact, isEdited(message, inThread), state.me, state.thread === message.ts, state.shortcuts];
}

export function drawMessage(message, { inThread, compact }) {
  const mine = message.user === state.me;
  const bot = message.user === state.team.bot;
  const whispered = Boolean(message.only_for);
  const classes = ["message", compact && "compact", whispered && "whispered", bot && "from-bot", !inThread && state.thread === message.ts && "open"];
  return el(
    "li",
    {
      class: classes.filter(Boolean).join(" "),
      "data-testid": "message",
      "data-ts": message.ts,
      tabindex: "-1",
      "aria-label": `${nameOf(message.user)}, ${clock(message.ts)}: ${spoken(message.text).slice(0, 200)}`,
    },
    compact ? el("time", { class: "gutter" }, clock(message.ts)) : avatar(message.user),
    el(
      "div",
      { class: "content" },
      whispered ? whisperLine(message) : pinLine(message),
      compact ? null : byline(message, bot),
      isEdited(message, inThread) ? editor(message) : body(message),
      files(message),
      reactions(message),
      inThread ? null : answersLine(message),
      inThread ? null : statusLine(message),
    ),
    message.subtype === "tombstone" || isEdited(message, inThread) ? null : tools(message, { mine, whispered, inThread }),
  );
}

export function avatar(id) {
  const name = nameOf(id);
  const bot = id === state.team.bot;
  const initials = name.split(" ").map((part) => part[0]).slice(0, 2).join("");
  const tint = [...id].reduce((sum, c) => sum + c.charCodeAt(0), 0) % TINTS;
  return el("span", { class: bot ? "avatar bot" : `avatar tint-${tint}`, "aria-hidden": "true" }, bot ? name[0] : initials);
}

export function clock(ts) {
  return new Date(Number(ts) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function byline(message, bot) {
  const when = new Date(Number(message.ts) * 1000);
  return el(
    "div",
    { class: "byline" },
    el("strong", {}, nameOf(message.user)),
    bot ? el("span", { class: "tag" }, "app") : null,
    el("time", { datetime: when.toISOString(), title: when.toLocaleString() }, clock(message.ts)),
  );
}

function whisperLine(message) {
  const dismiss = () => doing("delete", { channel: message.channel, ts: message.ts });
  return el(
    "div",
    { class: "whisper-line", "data-testid": "ephemeral" },
    "Only visible to you",
    el("button", { type: "button", class: "link", "data-focus": "dismiss", onclick: dismiss }, "Dismiss"),
  );
}

function body(message) {
  const edited = message.edited ? el("span", { class: "muted edited" }, " (edited)") : null;
  if (!message.text && !message.blocks?.length) return null;
  if (!message.blocks?.length || message.blocks.every((block) => block.type === "rich_text" && !message.bot_id)) {
    const words = message.mrkdwn === false ? el("p", {}, plain(message.text)) : mrkdwn(message.text);
    return el("div", { class: "text" }, words, edited);
  }
  const at = { channel: message.channel, ts: message.ts };
  const surface = {
    act: (block_id, part, value) => doing("action", { ...at, block_id, action_id: part.action_id, value }),
    value: (block_id, part) => message.picks?.[block_id]?.[part.action_id],
  };
  return el("div", { class: "blocks" }, drawBlocks(message.blocks, surface), edited);
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  const pills = message.reactions.map(({ name, users, count }) => {
    const on = users.includes(state.me);
    return el(
      "button",
      {
        type: "button",
        class: "pill",
        "aria-pressed": String(on),
        "aria-label": `${spokenName(name)}, ${count}: ${users.map(nameOf).join(", ")}`,
        title: users.map(nameOf).join(", "),
        "data-testid": `reaction-${name}`,
        "data-focus": `reaction-${name}`,
        onclick: () => react(message, name, !on),
      },
      emoji(name) ?? `:${name}:`,
      el("span", {}, String(count)),
    );
  });
  return el("div", { class: "row tight reactions" }, pills);
}

function react(message, name, on) {
  return doing("react", { channel: message.channel, ts: message.ts, name, on });
}

function toggle(message, name) {
  const now = messageAt(message.channel, message.ts)?.reactions ?? [];
  const on = now.some((reaction) => reaction.name === name && reaction.users.includes(state.me));
  return react(message, name, !on);
}

function answersLine(message) {
  const answers = replies(message);
  if (!answers.length) return null;
  const people = [...new Set(answers.map((answer) => answer.user))].slice(0, 3);
  return el(
    "button",
    {
      type: "button",
      class: "answers",
      "data-testid": "replies-link",
      "data-focus": "replies",
      onclick: () => openThread(message.ts, true),
    },
    people.map(avatar),
    el("span", {}, answers.length === 1 ? "1 reply" : `${answers.length} replies`),
    el("time", { class: "muted" }, `last at ${clock(answers.at(-1).ts)}`),
  );
}

function statusLine(message) {
  const status = state.statuses.get(`${message.channel}/${message.ts}`)?.status;
  return status ? working(status) : null;
}

export function working(status) {
  return el(
    "p",
    { class: "working", "data-testid": "status" },
    el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
    `${state.team.bot_name} ${status}`,
  );
}

// What can be done

function tools(message, { mine, whispered, inThread }) {
  if (whispered) return null;
  const thread = message.thread_ts ?? message.ts;
  return el(
    "div",
    { class: "tools", role: "group", "aria-label": "Message actions" },
    QUICK.map((name) =>
      tool(emoji(name), `React with ${spokenName(name)}`, `react-${name}`, () => toggle(message, name)),
    ),
    tool(icon("smile"), "More reactions", "react", (event) => pick(event.currentTarget, message), "menu"),
    inThread ? null : tool(icon("reply"), "Reply in thread", "reply", () => openThread(isReply(message) ? thread : message.ts, true)),
    tool(icon("more"), "More actions", "more", (event) => more(event.currentTarget, message, mine, inThread), "menu"),
  );
}

function tool(content, label, testid, act, popup) {
  return el(
    "button",
    { type: "button", "aria-label": label, title: label, "aria-haspopup": popup, "data-testid": testid, "data-focus": testid, onclick: act },
    content,
  );
}

function pick(anchor, message) {
  const items = PICKER.map((name) => ({
    label: emoji(name),
    name: spokenName(name),
    testid: `pick-${name}`,
    act: () => toggle(message, name),
  }));
  openMenu(anchor, items, { label: "Reactions", grid: true });
}

function more(anchor, message, mine, inThread) {
  const at = { channel: message.channel, ts: message.ts };
  const items = (me()?.is_stranger ? [] : state.shortcuts)
    .filter((shortcut) => shortcut.place === "message")
    .map((shortcut) => ({
      label: shortcut.name,
      testid: `shortcut-${shortcut.callback_id}`,
      act: () => doing("shortcut", { ...at, callback_id: shortcut.callback_id }),
    }));
  items.push({ label: "Copy link", testid: "copy-link", act: () => copyLink(message) });
  const on = !message.pinned_info;
  items.push({ label: on ? "Pin to the channel" : "Unpin", testid: "pin", act: () => doing("pin", { ...at, on }) });
  if (mine) items.push({ label: "Edit message", testid: "edit", act: () => edit(message.ts, inThread) });
  const ours = mine || me()?.is_admin;
  for (const file of (message.files ?? []).filter((each) => ours && each.mode !== "tombstone")) {
    items.push({ label: `Delete ${file.name}`, testid: "delete-file", danger: true, act: () => removeFile(file) });
  }
  if (ours) items.push({ label: "Delete message", testid: "delete", danger: true, act: () => remove(at) });
  openMenu(anchor, items, { label: "More actions" });
}

function copyLink(message) {
  const link = `${location.origin}/archives/${message.channel}/p${message.ts.replace(".", "")}`;
  navigator.clipboard?.writeText(link).then(() => toast("Link copied."), () => toast(link));
}

async function remove(at) {
  const question = { title: "Delete message?", text: "It can't be brought back.", confirm: "Delete", deny: "Keep", style: "danger" };
  if (await confirmed(question)) await doing("delete", at);
}

// A thread's first message stands in the channel and in the thread: it is edited where the person began to.
const isEdited = (message, inThread) => state.editing?.ts === message.ts && state.editing.inThread === Boolean(inThread);

export function edit(ts, inThread) {
  state.editing = { ts, inThread: Boolean(inThread) };
  state.edited = null;
  paint();
  setTimeout(() => document.querySelector("[data-testid=editor]")?.focus(), 20);
}

function editor(message) {
  const box = el("textarea", { class: "textbox", rows: 2, "aria-label": "Edit message", "data-testid": "editor", "data-focus": "editor" });
  // What was typed, not what was sent: names instead of ids. A reply that comes meanwhile draws the message anew.
  box.value = state.edited ?? asTyped(message.text);
  box.addEventListener("input", () => {
    state.edited = box.value;
  });
  const stop = () => {
    state.editing = null;
    paint();
  };
  const save = async () => {
    const text = box.value.trim();
    stop();
    if (text) await doing("edit", { channel: message.channel, ts: message.ts, text });
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    }
  });
  return el(
    "div",
    { class: "editor" },
    box,
    el(
      "div",
      { class: "row end" },
      el("button", { type: "button", class: "button", onclick: stop }, "Cancel"),
      el("button", { type: "button", class: "button primary", "data-testid": "save-edit", onclick: save }, "Save"),
    ),
  );
}
