// Slack's own markup of message texts, as DOM nodes.

import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { state, nameOf } from "./state.js";

const INLINE =
  /<([^<>\n]+)>|`([^`\n]+)`|:([a-z0-9_+'-]+):|(?<![\p{L}\p{N}*_~])([*_~])(?![\s*_~])([^\n]*?[^\s])\4(?![\p{L}\p{N}])/gu;
const TAGS = { "*": "strong", _: "em", "~": "s" };

export function plain(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

// The nodes of a whole text: code blocks, quotes, lines.
export function mrkdwn(text) {
  return text.split(/```\n?([\s\S]+?)```/).flatMap((piece, at) => {
    if (at % 2) return [el("pre", {}, el("code", {}, plain(piece.replace(/\n$/, ""))))];
    return piece.trim() ? lines(at ? piece.replace(/^\n/, "") : piece) : [];
  });
}

function lines(text) {
  const nodes = [];
  let group = [];
  let quoted = false;
  const end = () => {
    if (!group.length) return;
    const inside = group.flatMap((line, at) => (at ? [el("br"), ...inline(line)] : inline(line)));
    nodes.push(el(quoted ? "blockquote" : "p", {}, inside));
    group = [];
  };
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const quote = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (Boolean(quote) !== quoted) {
      end();
      quoted = Boolean(quote);
    }
    group.push(quote ? quote[1] : line);
  }
  end();
  return nodes;
}

export function inline(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    const node = token(found);
    if (!node) continue;
    if (found.index > from) nodes.push(plain(text.slice(from, found.index)));
    nodes.push(node);
    from = found.index + found[0].length;
  }
  if (from < text.length) nodes.push(plain(text.slice(from)));
  return nodes;
}

function token([, angle, code, name, sign, inside]) {
  if (angle !== undefined) return reference(angle);
  if (code !== undefined) return el("code", {}, plain(code));
  if (name !== undefined) return emoji(name);
  return el(TAGS[sign], {}, inline(inside));
}

function reference(angle) {
  const [target, ...rest] = angle.split("|");
  const label = rest.join("|");
  if (target.startsWith("@")) {
    const id = target.slice(1);
    const mine = id === state.me ? " mine" : "";
    return el("span", { class: `mention${mine}` }, `@${state.people.has(id) ? nameOf(id) : plain(label) || id}`);
  }
  if (target.startsWith("#")) {
    const id = target.slice(1);
    const name = state.channels.get(id)?.name ?? (plain(label) || "private channel");
    return el("a", { class: "mention", href: `/archives/${id}/`, "data-channel": id }, `#${name}`);
  }
  if (target.startsWith("!")) {
    const loud = /^!(here|channel|everyone)$/.test(target);
    if (loud) return el("span", { class: "mention mine" }, `@${target.slice(1)}`);
    return el("span", {}, plain(label) || plain(angle));
  }
  return link(plain(target), plain(label) || plain(target).replace(/^mailto:/, ""));
}

export function link(target, label) {
  if (!/^(https?:|mailto:)/i.test(target)) return el("span", {}, label);
  return el("a", { href: target, target: "_blank", rel: "noopener noreferrer" }, label);
}

// A text without its markup, for labels and announcements.
export function spoken(text) {
  const holder = el("div", {}, mrkdwn(text));
  return holder.textContent.replace(/\s+/g, " ").trim();
}

// A message's text as its author typed it: names in place of ids.
export function asTyped(text) {
  return plain(
    text.replace(/<([^<>\n]+)>/g, (all, angle) => {
      const [target, label] = angle.split("|");
      if (target.startsWith("@")) return `@${state.people.get(target.slice(1))?.name ?? label ?? target.slice(1)}`;
      if (target.startsWith("#")) return `#${label ?? target.slice(1)}`;
      return target.startsWith("!") ? `@${target.slice(1)}` : target;
    }),
  );
}
