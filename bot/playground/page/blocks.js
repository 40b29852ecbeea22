// Block Kit, drawn. A `surface` says what a click does:
//   act(blockId, element, value)   tell the bot
//   value(blockId, element)        what is picked or written now
//   set(blockId, element, value)   remember it, where it is only told on submission
//   errors                         block id -> sentence, in a modal

import { el } from "./dom.js";
import { element, isGroup } from "./elements.js";
import { inline, link } from "./mrkdwn.js";
import { markdown } from "./markdown.js";
import { emoji } from "./emoji.js";
import { picture, plainText, textObject } from "./objects.js";
import { nameOf, state } from "./state.js";

export function drawBlocks(blocks, surface) {
  return blocks.map((block) => (DRAW[block.type] ?? unknown)(block, surface));
}

function unknown(block) {
  return el("p", { class: "muted" }, `A block of type ${block.type}, which this page can't draw.`);
}

function section(block, surface) {
  const fields = (block.fields ?? []).map((field) => el("div", { class: "field" }, textObject(field)));
  return el(
    "div",
    { class: "block section" },
    el(
      "div",
      { class: "grow" },
      block.text ? el("div", { class: "text" }, textObject(block.text)) : null,
      fields.length ? el("div", { class: "fields" }, fields) : null,
    ),
    block.accessory ? element(block, block.accessory, surface) : null,
  );
}

function context(block) {
  const parts = block.elements.map((part) =>
    part.type === "image" ? picture(part, "tiny") : el("span", {}, part.type === "mrkdwn" ? lines(part.text) : plainText(part.text)),
  );
  return el("div", { class: "block context" }, parts);
}

function lines(text) {
  return text.split("\n").flatMap((line, at) => (at ? [el("br"), ...inline(line)] : inline(line)));
}

function actions(block, surface) {
  const parts = block.elements.map((part) => element(block, part, surface));
  return el("div", { class: block.type === "actions" ? "block row" : "block row quiet" }, parts);
}

function input(block, surface) {
  const error = surface.errors?.[block.block_id];
  const id = `input-${block.block_id}`;
  const grouped = isGroup(block.element);
  const label = [plainText(block.label.text), block.optional ? el("span", { class: "muted" }, " (optional)") : null];
  const described = [error ? `${id}-error` : "", block.hint ? `${id}-hint` : ""].filter(Boolean).join(" ");
  const control = element(block, block.element, surface, { id, described, invalid: Boolean(error) });
  return el(
    grouped ? "fieldset" : "div",
    { class: error ? "block input invalid" : "block input", "data-block": block.block_id },
    grouped ? el("legend", { id: `${id}-label` }, label) : el("label", { for: id }, label),
    control,
    error ? el("p", { class: "error", id: `${id}-error`, "data-testid": "field-error" }, error) : null,
    block.hint ? el("p", { class: "muted hint-text", id: `${id}-hint` }, plainText(block.hint.text)) : null,
  );
}

// A picture of Slack's own may be named by its address too, which its id stands in.
function image(block) {
  const caption = block.title ? el("figcaption", { class: "muted" }, plainText(block.title.text)) : null;
  return el("figure", { class: "block" }, caption, picture(block));
}

// Rich text

function richText(block) {
  return el("div", { class: "block text rich" }, block.elements.map(richPart));
}

function richPart(part) {
  if (part.type === "rich_text_list") {
    const items = part.elements.map((item) => el("li", {}, item.elements.map(richLeaf)));
    return el(part.style === "ordered" ? "ol" : "ul", {}, items);
  }
  const inside = part.elements.map(richLeaf);
  if (part.type === "rich_text_preformatted") return el("pre", {}, el("code", {}, inside));
  return el(part.type === "rich_text_quote" ? "blockquote" : "p", {}, inside);
}

function richLeaf(leaf) {
  let node = RICH[leaf.type]?.(leaf) ?? "";
  for (const [style, tag] of [["bold", "strong"], ["italic", "em"], ["strike", "s"], ["code", "code"]]) {
    if (leaf.style?.[style]) node = el(tag, {}, node);
  }
  return node;
}

const RICH = {
  text: (leaf) => leaf.text,
  link: (leaf) => link(leaf.url, leaf.text ?? leaf.url),
  emoji: (leaf) => emoji(leaf.name) ?? `:${leaf.name}:`,
  user: (leaf) => el("span", { class: "mention" }, `@${nameOf(leaf.user_id)}`),
  channel: (leaf) => el("span", { class: "mention" }, `#${state.channels.get(leaf.channel_id)?.name ?? "channel"}`),
  broadcast: (leaf) => el("span", { class: "mention mine" }, `@${leaf.range}`),
};

const DRAW = {
  section,
  context,
  actions,
  context_actions: actions,
  input,
  image,
  rich_text: richText,
  header: (block) => el("h3", { class: "block header" }, plainText(block.text.text)),
  divider: () => el("hr", { class: "block" }),
  markdown: (block) => el("div", { class: "block text" }, markdown(block.text)),
};
