// What hangs on a message: its files, and the pin.

import { confirmed } from "./confirm.js";
import { el, icon } from "./dom.js";
import { doing } from "./server.js";
import { fileUrl, nameOf } from "./state.js";

export function files(message) {
  return (message.files ?? []).map((file) => {
    if (file.mode === "tombstone") return el("p", { class: "file-card muted", "data-testid": "file-gone" }, "This file was deleted.");
    if (!file.picture) return card(file);
    const image = el("img", { src: fileUrl(file.id), alt: file.alt_txt || file.title, title: file.title });
    return el("a", { class: "picture", href: fileUrl(file.id), target: "_blank", "data-testid": "picture" }, image);
  });
}

function card(file) {
  const size = file.size < 1000 ? `${file.size} ${file.size === 1 ? "byte" : "bytes"}` : file.size < 1e6 ? `${Math.round(file.size / 1000)} kB` : `${(file.size / 1e6).toFixed(1)} MB`;
  return el(
    "a",
    { class: "file-card", href: fileUrl(file.id), download: file.name, "data-testid": "file" },
    icon("page"),
    el("span", { class: "grow" }, el("strong", {}, file.title), el("span", { class: "muted detail" }, `${file.pretty_type}, ${size}`)),
  );
}

export function pinLine(message) {
  if (!message.pinned_info) return null;
  return el("p", { class: "pin-line", "data-testid": "pinned" }, icon("pin"), `Pinned by ${nameOf(message.pinned_info.pinned_by)}`);
}

export async function removeFile(file) {
  const question = { title: `Delete ${file.name}?`, text: "It can't be brought back.", confirm: "Delete", deny: "Keep", style: "danger" };
  if (await confirmed(question)) await doing("delete_file", { file: file.id });
}
