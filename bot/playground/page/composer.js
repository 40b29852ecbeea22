// Where people write: Enter sends, Shift+Enter breaks the line, @ and / offer what could follow.

import { attachments } from "./attachments.js";
import { el, icon } from "./dom.js";
import { doing } from "./server.js";
import { edit } from "./message.js";
import { direct, placeName, state, thread, topLevel } from "./state.js";
import { toast } from "./toast.js";

const HEIGHT = 220;

// where(): { channel, thread_ts } of what is being written; `label` names the box.
export function composer(holder, { testid, where, sent }) {
  const drafts = new Map();
  const list = el("div", { class: "offers", role: "listbox", id: `${testid}-offers`, hidden: true });
  const box = el("textarea", {
    rows: 1,
    "data-testid": testid,
    role: "combobox",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    "aria-controls": `${testid}-offers`,
  });
  const send = el(
    "button",
    { type: "button", class: "send", "aria-label": "Send", title: "Send (Enter)", "data-testid": `${testid}-send`, onclick: () => submit() },
    icon("send"),
  );
  const clip = attachments(holder, { testid, changed: () => fit() });
  holder.append(list, clip.list, el("div", { class: "write" }, clip.button, box, send));
  let key = null; // null: nothing is known of the place yet
  let offers = [];
  let chosen = 0;

  function fit() {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, HEIGHT)}px`;
    send.disabled = !box.value.trim() && !clip.any();
  }

  async function submit() {
    const text = box.value.trim();
    const place = where();
    if ((!text && !clip.any()) || !place.channel) return;
    const command = text.match(/^(\/[\w-]+)\s*([\s\S]*)$/);
    if (command && place.thread_ts) {
      toast(`${command[1]} works in the channel, not in a thread.`);
      return;
    }
    box.value = "";
    drafts.delete(key);
    fit();
    offer();
    const files = clip.take();
    const answer = files.length
      ? await doing("upload", { ...place, text, files: await Promise.all(files.map(clip.read)) })
      : command
      ? await doing("command", { channel: place.channel, command: command[1], text: command[2] })
      : await doing("message", { ...place, text });
    // Nobody should have to write it twice.
    if (!answer.ok && !box.value) box.value = text;
    if (!answer.ok) clip.add(files);
    fit();
    if (answer.ok) sent?.();
  }

  function offer() {
    const before = box.value.slice(0, box.selectionStart);
    const name = before.match(/(^|\s)@([\w-]*)$/);
    const command = where().thread_ts ? null : before.match(/^(\/[\w-]*)$/);
    offers = [];
    if (name) {
      const people = [...state.people.values()].filter((person) => person.id !== state.me);
      // The bot first: it is the one who answers.
      people.sort((a, b) => Number(b.is_bot) - Number(a.is_bot));
      offers = people
        .filter((person) => `${person.name} ${person.real_name}`.toLowerCase().includes(name[2].toLowerCase()))
        .map((person) => ({ text: `@${person.is_bot ? person.real_name : person.name}`, detail: person.is_bot ? "answers questions" : person.real_name, cut: name[2].length + 1 }));
    } else if (command) {
      offers = state.commands
        .filter((known) => known.command.startsWith(command[1]))
        .map((known) => ({ text: known.command, detail: `${known.usage_hint} ${known.description}`.trim(), cut: command[1].length }));
    }
    chosen = 0;
    drawOffers();
  }

  function drawOffers() {
    list.hidden = !offers.length;
    box.setAttribute("aria-expanded", String(offers.length > 0));
    if (offers.length) box.setAttribute("aria-activedescendant", `${testid}-offer-${chosen}`);
    else box.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...offers.map((one, at) =>
        el(
          "div",
          {
            role: "option",
            id: `${testid}-offer-${at}`,
            "aria-selected": String(at === chosen),
            onpointerdown: (event) => {
              event.preventDefault();
              accept(at);
            },
          },
          el("strong", {}, one.text),
          el("span", { class: "muted" }, one.detail),
        ),
      ),
    );
  }

  function accept(at) {
    const end = box.selectionStart;
    const before = box.value.slice(0, end - offers[at].cut);
    const rest = box.value.slice(end);
    box.value = `${before}${offers[at].text} ${rest}`;
    box.selectionStart = box.selectionEnd = before.length + offers[at].text.length + 1;
    offers = [];
    drawOffers();
    fit();
  }

  function here() {
    const { channel, thread_ts: ts } = where();
    return `${state.me}/${channel}/${ts ?? ""}`;
  }

  box.addEventListener("input", () => {
    // Whoever is quicker than the drawing writes where they already are.
    if (key !== null) key = here();
    drafts.set(key, box.value);
    fit();
    offer();
  });
  box.addEventListener("blur", () => {
    offers = [];
    drawOffers();
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (offers.length) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        chosen = (chosen + step + offers.length) % offers.length;
        return drawOffers();
      }
      // A command that is already written out is sent by Enter, not completed again.
      const whole = offers[chosen].text === box.value.trim();
      if (event.key === "Tab" || (event.key === "Enter" && !whole)) {
        event.preventDefault();
        return accept(chosen);
      }
      if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        offers = [];
        return drawOffers();
      }
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      return submit();
    }
    if (event.key === "ArrowUp" && !box.value) {
      const { channel, thread_ts: ts } = where();
      const mine = (ts ? thread(channel, ts) : topLevel(channel)).filter((m) => m.user === state.me).at(-1);
      if (mine) {
        event.preventDefault();
        edit(mine.ts, Boolean(ts));
      }
    }
    return undefined;
  });

  return {
    // Keep the box about the place where it stands: its label, and the draft that was left there.
    draw(label) {
      const now = here();
      box.placeholder = label;
      box.setAttribute("aria-label", label);
      if (now === key) return;
      // What was written before the workspace came stays.
      box.value = drafts.get(now) ?? (key === null ? box.value : "");
      key = now;
      offers = [];
      drawOffers();
      fit();
    },
  };
}

export function invitation(channel) {
  const bot = state.team.bot_name;
  if (channel.id === direct()?.id) return `Ask ${bot} anything`;
  const here = placeName(channel);
  return channel.bot_in ? `Ask @${bot} in ${here}` : `Message ${here}`;
}
