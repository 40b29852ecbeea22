// The interactive elements of Block Kit.

import { el, icon } from "./dom.js";
import { confirmed } from "./confirm.js";
import { openMenu } from "./menu.js";
import { picture, plainText, textObject } from "./objects.js";
import { spoken } from "./mrkdwn.js";
import { nameOf, placeName, state } from "./state.js";

// place: { id, described, invalid } of the label around it, in an input block.
export function element(block, part, surface, place = {}) {
  const draw = DRAW[part.type];
  if (!draw) return el("span", { class: "muted" }, `(${part.type})`);
  const act = async (value) => {
    if (part.confirm && !(await confirmed(question(part.confirm)))) return false;
    await surface.act(block.block_id, part, value);
    return true;
  };
  // In an input block a change is only remembered; the submission tells it.
  const change = (value) => {
    surface.set?.(block.block_id, part, value);
    if (block.type !== "input" || block.dispatch_action) act(value);
  };
  const now = surface.value?.(block.block_id, part);
  return draw(FILLED[part.type] ? filled(part) : part, { act, change, now, place, focus: `${block.block_id}/${part.action_id}` });
}

function question(confirm) {
  return {
    title: confirm.title.text,
    text: textObject(confirm.text),
    confirm: confirm.confirm.text,
    deny: confirm.deny.text,
    style: confirm.style,
  };
}

function button(part, { act, focus }) {
  return el(
    "button",
    {
      type: "button",
      class: `button ${part.style ?? ""}`,
      "data-testid": `action-${part.action_id}`,
      "data-focus": focus,
      "aria-label": part.accessibility_label,
      onclick: () => {
        if (part.url && /^https?:/i.test(part.url)) window.open(part.url, "_blank", "noopener");
        act();
      },
    },
    plainText(part.text.text),
  );
}

function feedback(part, { act, now, focus }) {
  const vote = (side, name, testid) => {
    const { text, value, accessibility_label: label } = part[side];
    return el(
      "button",
      {
        type: "button",
        class: "vote",
        "data-testid": testid,
        "data-focus": `${focus}/${side}`,
        "aria-pressed": String(now === value),
        "aria-label": label ?? text.text,
        title: text.text,
        onclick: () => act(value),
      },
      icon(name),
    );
  };
  return el(
    "span",
    { class: "votes", role: "group", "aria-label": "Feedback" },
    vote("positive_button", "up", "feedback-up"),
    vote("negative_button", "down", "feedback-down"),
  );
}

function iconButton(part, { act, focus }) {
  return el(
    "button",
    {
      type: "button",
      class: "vote",
      "data-testid": `action-${part.action_id}`,
      "data-focus": focus,
      "aria-label": part.accessibility_label ?? part.text.text,
      title: part.text.text,
      onclick: () => act(),
    },
    icon(part.icon === "trash" ? "trash" : "dot"),
  );
}

function optionsOf(part) {
  return part.option_groups ? part.option_groups.flatMap((group) => group.options) : part.options;
}

// Those of which several can be picked: a group of boxes, with a legend instead of a label.
export function isGroup(part) {
  return ["radio_buttons", "checkboxes"].includes(part.type) || part.type.startsWith("multi_");
}

const people = () => [...state.people.keys()].map((id) => [id, nameOf(id)]);
const rooms = (wanted) => [...state.channels.values()].filter(wanted).map((room) => [room.id, placeName(room)]);
const inFilter = (room, include) => !include || include.includes({ channel: "public", group: "private", im: "im", mpim: "mpim" }[room.kind]);

// Selects whose options are the workspace's own: what is offered, and where what they start with is named.
const FILLED = {
  users_select: [people, "initial_user"],
  multi_users_select: [people, "initial_users"],
  channels_select: [() => rooms((room) => room.kind === "channel"), "initial_channel"],
  multi_channels_select: [() => rooms((room) => room.kind === "channel"), "initial_channels"],
  conversations_select: [(part) => rooms((room) => inFilter(room, part.filter?.include)), "initial_conversation"],
  multi_conversations_select: [(part) => rooms((room) => inFilter(room, part.filter?.include)), "initial_conversations"],
};

function filled(part) {
  const [offered, initial] = FILLED[part.type];
  const options = offered(part).map(([value, text]) => ({ value, text: { type: "plain_text", text, emoji: false } }));
  const start = [part[initial] ?? []].flat();
  const chosen = options.filter((option) => start.includes(option.value));
  return { ...part, options, initial_option: chosen[0], initial_options: chosen };
}

function select(part, { change, now, place, focus }) {
  const picked = now ?? part.initial_option?.value ?? "";
  const option = ({ text, value }) => el("option", { value, selected: value === picked }, spoken(text.text));
  const groups = part.option_groups?.map((group) => el("optgroup", { label: group.label.text }, group.options.map(option)));
  const placeholder = el("option", { value: "", disabled: true, selected: !picked }, part.placeholder?.text ?? "Choose…");
  return el(
    "select",
    {
      id: place.id,
      class: "select",
      "data-testid": `action-${part.action_id}`,
      "data-focus": focus,
      "aria-label": place.id ? null : (part.placeholder?.text ?? "Choose"),
      "aria-describedby": place.described,
      "aria-invalid": place.invalid ? "true" : null,
      onchange: (event) => change(event.target.value),
    },
    placeholder,
    groups ?? part.options.map(option),
  );
}

function overflow(part, { act, focus }) {
  const open = (event) =>
    openMenu(
      event.currentTarget,
      part.options.map((option) => ({ label: plainText(option.text.text), act: () => act(option.value) })),
      { label: "More actions" },
    );
  return el(
    "button",
    {
      type: "button",
      class: "button icon-only",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      "data-testid": `action-${part.action_id}`,
      "data-focus": focus,
      onclick: open,
    },
    icon("more"),
  );
}

function choices(kind) {
  return (part, { change, now, place, focus }) => {
    const initial = kind === "radio" ? part.initial_option?.value : (part.initial_options ?? []).map((o) => o.value);
    const picked = now ?? initial;
    const chosen = new Set([picked ?? []].flat());
    const name = `choice-${focus}-${(serial += 1)}`;
    const boxes = optionsOf(part).map((option) => {
      const box = el("input", {
        type: kind,
        name,
        value: option.value,
        checked: chosen.has(option.value),
        "data-focus": `${focus}/${option.value}`,
        "aria-describedby": place.described,
      });
      box.addEventListener("change", () => {
        if (kind === "radio") return change(option.value);
        if (box.checked) chosen.add(option.value);
        else chosen.delete(option.value);
        return change([...chosen]);
      });
      const detail = option.description ? el("span", { class: "muted detail" }, textObject(option.description)) : null;
      return el("label", { class: "choice" }, box, el("span", {}, textObject(option.text), detail));
    });
    return el("div", { class: "choices", role: kind === "radio" ? "radiogroup" : "group" }, boxes);
  };
}

function textInput(part, { change, now, place, focus }) {
  const properties = {
    id: place.id,
    class: "textbox",
    placeholder: part.placeholder?.text,
    maxlength: part.max_length,
    "data-testid": `input-${part.action_id}`,
    "data-focus": focus,
    "aria-describedby": place.described || null,
    "aria-invalid": place.invalid ? "true" : null,
    oninput: (event) => change(event.target.value),
    value: now ?? part.initial_value ?? "",
  };
  const type = { email_text_input: "email", url_text_input: "url", number_input: "number" }[part.type] ?? "text";
  if (type === "number") Object.assign(properties, { min: part.min_value, max: part.max_value, step: part.is_decimal_allowed ? "any" : "1" });
  return part.multiline ? el("textarea", { rows: 4, ...properties }) : el("input", { type, ...properties });
}

function picker(type, initial, { read = (value) => value, shown = (value) => value } = {}) {
  return (part, { change, now, place, focus }) =>
    el("input", {
      type,
      id: place.id,
      class: "textbox short",
      "aria-label": place.id ? null : (part.placeholder?.text ?? "Choose"),
      "data-testid": `action-${part.action_id}`,
      "data-focus": focus,
      "aria-describedby": place.described || null,
      "aria-invalid": place.invalid ? "true" : null,
      value: shown(now ?? part[initial] ?? ""),
      onchange: (event) => change(read(event.target.value)),
    });
}

// Seconds since 1970, in the clock of whoever looks at them.
const MOMENT = {
  read: (value) => (value ? Math.floor(new Date(value).getTime() / 1000) : ""),
  shown: (seconds) => {
    if (!seconds) return "";
    const at = new Date(seconds * 1000);
    return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  },
};


let serial = 0;

const DRAW = {
  button,
  feedback_buttons: feedback,
  icon_button: iconButton,
  static_select: select,
  overflow,
  radio_buttons: choices("radio"),
  checkboxes: choices("checkbox"),
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  users_select: select,
  conversations_select: select,
  channels_select: select,
  multi_static_select: choices("checkbox"),
  multi_users_select: choices("checkbox"),
  multi_conversations_select: choices("checkbox"),
  multi_channels_select: choices("checkbox"),
  datepicker: picker("date", "initial_date"),
  timepicker: picker("time", "initial_time"),
  datetimepicker: picker("datetime-local", "initial_date_time", MOMENT),
  image: (part) => picture(part, "accessory"),
};
