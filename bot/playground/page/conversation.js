// The middle column: a channel with its messages, or the bot's home tab.

import { drawBlocks } from "./blocks.js";
import { composer, invitation } from "./composer.js";
import { arrows, el, icon, keyed, redraw, rove } from "./dom.js";
import { drawMessage, versionOf, working } from "./message.js";
import { openThread, show } from "./places.js";
import { placeTools } from "./place_tools.js";
import { doing } from "./server.js";
import { channelTitle, paint, pinned, state, topLevel } from "./state.js";

const CLOSE_SECONDS = 300;

const head = document.getElementById("place-head");
const hint = document.getElementById("hint");
const scroller = document.getElementById("scroller");
const list = document.getElementById("messages");
const empty = document.getElementById("empty");
const home = document.getElementById("home");
const foot = document.getElementById("place-foot");
const notice = document.getElementById("notice");

arrows(list, ".message", { roving: true });
const writer = composer(foot, {
  testid: "composer",
  where: () => ({ channel: state.place }),
  sent: () => scroller.scrollTo({ top: scroller.scrollHeight }),
});

export function drawConversation() {
  const channel = state.channels.get(state.place);
  const isHome = state.place === "home";
  drawHead(channel, isHome);
  drawHint();
  home.hidden = !isHome;
  scroller.hidden = isHome;
  foot.hidden = isHome;
  notice.hidden = isHome;
  if (isHome) drawHome();
  else if (channel) drawMessages(channel);
}

function drawHead(channel, isHome) {
  const bot = state.team.bot_name;
  redraw(head, [channel, isHome, bot, channel && pinned(channel.id).length], () => [
    backButton("list", "Back to channels"),
    el(
      "div",
      { class: "grow" },
      el(
        "h2",
        {},
        icon(isHome ? "home" : channel?.shared ? "link" : { im: "reply", group: "lock", mpim: "people", channel: "hash" }[channel?.kind ?? "channel"]),
        isHome ? `${bot}'s home` : channel ? channelTitle(channel) : "",
      ),
      el("p", { class: "topic" }, isHome || channel?.kind === "mpim" ? "" : channel?.kind === "im" ? `Only you and ${bot}` : (channel?.topic ?? "")),
    ),
    isHome || !channel ? null : placeTools(channel),
    isHome || channel?.kind === "im"
      ? null
      : el("span", { class: channel?.bot_in ? "tag with-bot" : "tag" }, channel?.bot_in ? `${bot} is here` : `without ${bot}`),
  ]);
}

export function backButton(column, label) {
  return el(
    "button",
    { type: "button", class: "tool back", "aria-label": label, "data-testid": `back-${column}`, onclick: () => show(column) },
    icon("back"),
  );
}

function drawHint() {
  const done = localStorage.getItem("hint-read") === "yes";
  hint.hidden = done;
  redraw(hint, [done, state.team, [...state.people.values()]], () => {
    const admin = [...state.people.values()].find((person) => person.is_admin);
    const bot = state.team.bot_name;
    const command = state.commands[0]?.command ?? "/lorebot";
    const steps = [
      ["Ask", `something: mention @${bot}, or write to it directly.`],
      ["Correct", "a wrong answer: thumbs down below it, then say what is right."],
      ["Retrain", `as the admin: switch to ${admin?.real_name ?? "the admin"} and type ${command} retrain.`],
    ];
    const dismiss = () => {
      localStorage.setItem("hint-read", "yes");
      paint();
    };
    return [
      el("ol", {}, steps.map(([word, rest]) => el("li", {}, el("strong", {}, word), ` ${rest}`))),
      el("button", { type: "button", class: "button", "data-testid": "hint-close", onclick: dismiss }, "Got it"),
    ];
  });
}

function drawHome() {
  redraw(home, [state.home, state.me, state.connected], () => {
    if (!state.home) {
      const bot = state.team.bot_name;
      const why = state.connected ? `${bot} hasn't published its home tab yet.` : `${bot} publishes this tab once it is connected.`;
      return el("div", { class: "empty" }, el("h2", {}, "Nothing here yet"), el("p", {}, why));
    }
    const view_id = state.home.id;
    const values = {};
    const surface = {
      act: (block_id, part, value) => doing("action", { view_id, block_id, action_id: part.action_id, value, values }),
      set: (block_id, part, value) => {
        values[block_id] = { ...values[block_id], [part.action_id]: value };
      },
      value: (block_id, part) => values[block_id]?.[part.action_id],
    };
    return el("div", { class: "blocks sheet", "data-testid": "home-view" }, drawBlocks(state.home.blocks, surface));
  });
}

let drawnPlace = "";

function drawMessages(channel) {
  const said = topLevel(channel.id);
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  const here = `${state.me}/${channel.id}`;
  keyed(list, withDays(said), {
    key: (row) => row.key,
    version: (row) => (row.day ? [row.day] : versionOf(row.message, row)),
    make: (row) => (row.day ? el("li", { class: "day" }, el("span", {}, row.day)) : drawMessage(row.message, row)),
  });
  rove(list, ".message");
  drawEmpty(channel, said);
  drawNotice(channel, said);
  writer.draw(invitation(channel));
  if (drawnPlace !== here || atEnd) scroller.scrollTop = scroller.scrollHeight;
  drawnPlace = here;
}

// The messages as rows, with a line wherever a day begins, and short rows where one person goes on talking.
export function withDays(said, { inThread = false } = {}) {
  const rows = [];
  let before = null;
  for (const message of said) {
    const day = dayOf(message);
    const newDay = !before || dayOf(before) !== day;
    if (newDay && !inThread) rows.push({ key: `day-${day}`, day });
    const close = before && Number(message.ts) - Number(before.ts) < CLOSE_SECONDS;
    const compact = Boolean(
      close && !newDay && before.user === message.user && !before.only_for && !message.only_for && !(inThread && before.ts === message.thread_ts),
    );
    rows.push({ key: message.ts, message, inThread, compact });
    before = message;
  }
  return rows;
}

function dayOf(message) {
  const day = new Date(Number(message.ts) * 1000);
  if (day.toDateString() === new Date().toDateString()) return "Today";
  return day.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

function drawEmpty(channel, said) {
  empty.hidden = said.length > 0;
  const isDirect = channel.kind === "im";
  const offered = isDirect ? state.prompts.get(channel.id) : null;
  const samples = offered?.prompts.length ? offered.prompts : state.samples.map((question) => ({ title: question, message: question }));
  redraw(empty, [channel, said.length > 0, offered, samples, state.team, state.me], () => {
    const bot = state.team.bot_name;
    const mention = isDirect ? "" : `@${bot} `;
    const ask = async (question) => {
      const answer = await doing("message", { channel: channel.id, text: mention + question });
      if (answer.ok && !isDirect && matchMedia("(min-width: 1000px)").matches) openThread(answer.ts);
    };
    if (!channel.bot_in) {
      return [el("h2", {}, "It's quiet here"), el("p", {}, `${bot} isn't in #${channel.name}. Invite it below, then ask it something.`)];
    }
    const how = isDirect
      ? "Just write your question. Nobody else sees this conversation."
      : `Start a message with @${bot}. It answers in a thread, and shows where it read that.`;
    return [
      avatarLarge(bot),
      el("h2", {}, isDirect ? `Ask ${bot} anything` : `Ask ${bot} something`),
      el("p", {}, how),
      samples.length ? el("p", { class: "muted" }, offered?.title || "For example:") : null,
      samples.map((sample) =>
        el("button", { type: "button", class: "sample", "data-testid": "sample", title: sample.message, onclick: () => ask(sample.message) }, sample.title),
      ),
    ].flat();
  });
}

function avatarLarge(bot) {
  return el("span", { class: "avatar bot large", "aria-hidden": "true" }, bot[0]);
}

// Below the messages: the bot isn't in the channel, or it is at work on a direct message.
function drawNotice(channel, said) {
  const status = channel.kind === "im" ? directStatus(channel, said) : null;
  const offered = channel.kind === "im" && said.length ? state.prompts.get(channel.id)?.prompts : null;
  redraw(notice, [channel, status, offered, state.team, state.me], () => {
    if (status) return working(status);
    if (offered?.length) return prompts(channel, offered);
    if (channel.bot_in) return null;
    const bot = state.team.bot_name;
    const invite = async () => {
      if ((await doing("invite", { channel: channel.id })).ok) document.querySelector("[data-testid=composer]").focus();
    };
    return el(
      "p",
      { class: "invite" },
      `${bot} isn't in #${channel.name}, so it won't hear you.`,
      el("button", { type: "button", class: "button", "data-testid": "invite", onclick: invite }, `Invite ${bot}`),
    );
  });
}

// What the bot suggests to ask, once the conversation has begun.
function prompts(channel, offered) {
  const ask = (text) => doing("message", { channel: channel.id, text });
  const chip = ({ title, message }) =>
    el("button", { type: "button", class: "pill", "data-testid": "prompt", title: message, onclick: () => ask(message) }, title);
  return el("div", { class: "row prompts", role: "group", "aria-label": "Suggested questions" }, offered.map(chip));
}

function directStatus(channel, said) {
  const shown = new Set(said.map((message) => message.ts));
  const known = [...state.statuses.values()].filter((status) => status.channel === channel.id);
  // One that belongs to a message in view is drawn below that message.
  return known.find((status) => !shown.has(status.thread_ts))?.status ?? null;
}
