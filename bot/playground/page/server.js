// Talking to the playground's server: acts go out as JSON, and what happens comes back as a stream of changes.

import { toast } from "./toast.js";

let person = "";
let stream = null;

export function act(name, body) {
  return fetch(`/page/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ person, ...body }),
  })
    .then((answer) => answer.json())
    .catch(() => ({ ok: false, error: "unreachable", text: "The playground's server doesn't answer." }));
}

// An act whose refusal is told to the person, in words.
export async function doing(name, body) {
  const answer = await act(name, body);
  if (!answer.ok && answer.error !== "errors") toast(answer.text);
  return answer;
}

export function follow(who, { change, reached }) {
  person = who;
  stream?.close();
  stream = new EventSource(`/page/live?person=${encodeURIComponent(who)}`);
  stream.onmessage = (event) => {
    reached(true);
    change(JSON.parse(event.data));
  };
  stream.onerror = () => {
    reached(false);
    // The browser tries again by itself, except after an answer that wasn't a stream.
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => follow(who, { change, reached }), 2000);
  };
}
