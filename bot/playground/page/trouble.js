// The fault panel: what this Slack does wrong on purpose, to see how the bot lives with it.

import { confirmed } from "./confirm.js";
import { el } from "./dom.js";
import { doing } from "./server.js";
import { openSheet } from "./sheet.js";
import { state } from "./state.js";

const SWITCHES = [
  { name: "duplicate", label: "Deliver every event twice" },
  { name: "feedback_buttons", label: "Take feedback buttons", detail: "Older workspaces refuse them; plain buttons are expected then." },
];
const AMOUNTS = [
  { name: "slow_s", label: "Answer API calls late", choices: [[0, "at once"], [1, "after 1 s"], [2, "after 2 s"], [5, "after 5 s"], [10, "after 10 s"]] },
  { name: "lost_acks", label: "Lose acknowledgements", choices: shares() },
  { name: "lost_answers", label: "Lose answers of API calls", choices: shares() },
];

function shares() {
  return [[0, "never"], [0.1, "1 in 10"], [0.5, "every other one"], [1, "all of them"]];
}

// What is on now, in words.
export function troubles() {
  const { slow_s: slow, lost_acks: acks, lost_answers: answers, duplicate, feedback_buttons: votes, uninstalled, limited_s: limited } = state.faults;
  return [
    slow ? `API answers take ${slow} s` : "",
    acks ? `${Math.round(acks * 100)} % of acknowledgements get lost` : "",
    answers ? `${Math.round(answers * 100)} % of API answers get lost` : "",
    duplicate ? "events come twice" : "",
    votes === false ? "no feedback buttons" : "",
    limited ? "calls are refused (429)" : "",
    uninstalled ? "the app is uninstalled" : "",
  ].filter(Boolean);
}

export function openTrouble() {
  openSheet({ title: "Make trouble", testid: "trouble-panel", version: () => [state.faults, state.connected], draw });
}

function draw() {
  const bot = state.team.bot_name;
  const on = troubles();
  return [
    el("p", { class: "muted" }, `Slack is slow, repeats itself and breaks off. Here you can see what ${bot} makes of it.`),
    AMOUNTS.map(amount),
    SWITCHES.map(toggle),
    el("h3", {}, "Now"),
    el(
      "div",
      { class: "row" },
      once("disconnect", "Ask it to reconnect"),
      once("cut", "Cut the line"),
      once("limit", "Refuse all calls for 10 s", { seconds: 10 }),
      once("uninstall", "Uninstall the app", {}, farewell()),
    ),
    el(
      "div",
      { class: "row trouble-now", role: "status", "data-testid": "trouble-now" },
      el("span", { class: "grow" }, on.length ? `On: ${on.join("; ")}.` : "All is well."),
      once("reset", "All well again"),
    ),
  ];
}

function amount({ name, label, choices }) {
  const now = state.faults[name];
  const known = choices.some(([value]) => value === now);
  const all = known ? choices : [...choices, [now, String(now)]];
  return el(
    "label",
    { class: "amount" },
    el("span", { class: "grow" }, label),
    el(
      "select",
      { class: "select", "data-testid": `fault-${name}`, "data-focus": name, onchange: (event) => doing("faults", { [name]: Number(event.target.value) }) },
      all.map(([value, words]) => el("option", { value: String(value), selected: value === now }, words)),
    ),
  );
}

function toggle({ name, label, detail }) {
  return el(
    "label",
    { class: "choice" },
    el("input", {
      type: "checkbox",
      checked: state.faults[name],
      "data-testid": `fault-${name}`,
      "data-focus": name,
      onchange: (event) => doing("faults", { [name]: event.target.checked }),
    }),
    el("span", {}, label, detail ? el("span", { class: "muted detail" }, detail) : null),
  );
}

// A bot that was taken away ends itself: where it runs in one process with this page, the page ends too.
function farewell() {
  return {
    title: "Uninstall the app?",
    text: `${state.team.bot_name} is told that its tokens are worth nothing any more, and ends. Start the playground again afterwards.`,
    confirm: "Uninstall",
    deny: "Keep it",
    style: "danger",
  };
}

function once(what, label, more = {}, question = null) {
  const act = async () => {
    if (!question || (await confirmed(question))) await doing("faults", { do: what, ...more });
  };
  return el("button", { type: "button", class: "button", "data-testid": `fault-${what}`, "data-focus": what, onclick: act }, label);
}
