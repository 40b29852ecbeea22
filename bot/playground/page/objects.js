// The objects that blocks and their elements are made of: texts and pictures.

import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";
import { fileUrl } from "./state.js";

export function textObject(text) {
  if (!text) return [];
  if (text.type === "mrkdwn") return mrkdwn(text.text);
  return text.emoji === false ? [text.text] : plainText(text.text);
}

// Plain text keeps its emoji and nothing else.
export function plainText(text) {
  return text.split(/(:[a-z0-9_+'-]+:)/).map((piece, at) => (at % 2 && emoji(piece.slice(1, -1))) || piece);
}

function pictureId({ id, url }) {
  return id ?? url.match(/F[0-9A-Z]{8,}/)?.[0] ?? "";
}

export function picture(block, kind = "") {
  const image = el("img", { src: block.slack_file ? fileUrl(pictureId(block.slack_file)) : block.image_url, alt: block.alt_text, class: kind, loading: "lazy" });
  // Offline, or from elsewhere: the words stand in for the picture.
  image.addEventListener("error", () => image.replaceWith(el("span", { class: "muted" }, block.alt_text)));
  return image;
}
