// New messages, said to screen readers.

import { mrkdwn } from "./mrkdwn.js";
import { el } from "./dom.js";
import { nameOf } from "./state.js";

export function announce(message) {
  const text = el("div", {}, mrkdwn(message.text)).textContent;
  document.getElementById("announcer").textContent = `${nameOf(message.user)}: ${text}`;
}
