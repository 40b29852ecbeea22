// The `markdown` block: the usual Markdown, as far as answers use it, as DOM nodes.

import { el } from "./dom.js";
import { link } from "./mrkdwn.js";

const INLINE =
  /`([^`\n]+)`|\[([^\]\n]+)\]\(([^)\s]+)\)|(\*\*|__)(?=\S)(.+?)(?<=\S)\4|(~~)(?=\S)(.+?)(?<=\S)~~|(?<![\p{L}\p{N}*_])([*_])(?=\S)(.+?)(?<=\S)\8(?![\p{L}\p{N}*_])|(https?:\/\/[^\s<>)]+)/gu;

export function markdown(text) {
  const nodes = [];
  const lines = text.replaceAll("\r", "").split("\n");
  while (lines.length) nodes.push(...block(lines));
  return nodes;
}

function block(lines) {
  const line = lines.shift();
  if (!line.trim()) return [];
  if (/^```/.test(line)) {
    const code = takeWhile(lines, (next) => !/^```/.test(next));
    lines.shift();
    return [el("pre", {}, el("code", {}, code.join("\n")))];
  }
  const heading = line.match(/^(#{1,6})\s+(.*?)\s*#*$/);
  if (heading) return [el("p", { class: "heading" }, inline(heading[2]))];
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return [el("hr")];
  if (/^>/.test(line)) {
    const quoted = [line, ...takeWhile(lines, (next) => /^>/.test(next))].map((next) => next.replace(/^> ?/, ""));
    return [el("blockquote", {}, markdown(quoted.join("\n")))];
  }
  const item = /^\s*([-*+]|\d+[.)])\s+(.*)$/;
  if (item.test(line)) {
    const items = [line, ...takeWhile(lines, (next) => item.test(next))].map((next) => next.match(item)[2]);
    return [el(/^\s*\d/.test(line) ? "ol" : "ul", {}, items.map((text) => el("li", {}, inline(text))))];
  }
  if (line.includes("|") && /^[\s|:-]+$/.test(lines[0] ?? "") && lines[0].includes("-")) {
    lines.shift();
    return [table(line, takeWhile(lines, (next) => next.includes("|")))];
  }
  const rest = takeWhile(lines, (next) => next.trim() && !/^(#{1,6}\s|```|>|\s*([-*+]|\d+[.)])\s)/.test(next));
  return [el("p", {}, inline([line, ...rest].join("\n")))];
}

function takeWhile(lines, wanted) {
  const taken = [];
  while (lines.length && wanted(lines[0])) taken.push(lines.shift());
  return taken;
}

function table(head, rows) {
  const cells = (row, tag) =>
    row
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => el(tag, {}, inline(cell.trim())));
  const body = rows.map((row) => el("tr", {}, cells(row, "td")));
  return el("table", {}, el("thead", {}, el("tr", {}, cells(head, "th"))), el("tbody", {}, body));
}

function inline(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    const [all, code, label, target, , strong, , struck, , emphasis, url] = found;
    if (found.index > from) nodes.push(text.slice(from, found.index));
    if (code !== undefined) nodes.push(el("code", {}, code));
    else if (label !== undefined) nodes.push(link(target, label));
    else if (strong !== undefined) nodes.push(el("strong", {}, inline(strong)));
    else if (struck !== undefined) nodes.push(el("s", {}, inline(struck)));
    else if (emphasis !== undefined) nodes.push(el("em", {}, inline(emphasis)));
    else nodes.push(link(url, url));
    from = found.index + all.length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}
