// What this page knows. The server's changes and the person's clicks alter it; then everything is drawn again.

export const state = {
  me: null,
  team: { name: "", bot: "", bot_name: "Lorebot" },
  people: new Map(),
  channels: new Map(),
  messages: new Map(), // channel -> ts -> message
  views: [],
  home: null,
  statuses: new Map(), // channel + thread -> status
  prompts: new Map(),
  commands: [],
  shortcuts: [],
  samples: [],
  documents: false,
  faults: {},
  connected: true,
  reachable: true,
  place: null, // the id of a channel, or "home"
  thread: null, // the ts of the thread's first message, in the place
  column: "list", // what a narrow screen shows: list, middle, thread
  editing: null, // { ts, inThread } of the message being edited
  edited: null, // what is typed there; null: nothing yet
  seen: new Map(), // channel -> the ts up to which the person has seen it
  ready: false,
};

const painters = [];
let planned = false;

export function onPaint(painter) {
  painters.push(painter);
}

export function paint() {
  if (planned) return;
  planned = true;
  setTimeout(() => {
    planned = false;
    for (const painter of painters) painter();
  }, 0);
}

export function takeState(fresh) {
  state.me = fresh.me;
  state.team = fresh.team;
  state.people = new Map(fresh.people.map((person) => [person.id, person]));
  state.channels = new Map(fresh.channels.map((channel) => [channel.id, channel]));
  state.messages = new Map();
  for (const message of fresh.messages) keep(message);
  for (const said of state.messages.values()) sort(said);
  for (const name of ["views", "home", "commands", "shortcuts", "samples", "documents", "connected", "faults"]) {
    state[name] = fresh[name];
  }
  state.statuses = new Map(fresh.statuses.map((status) => [`${status.channel}/${status.thread_ts}`, status]));
  state.prompts = new Map(fresh.prompts.map((prompts) => [prompts.channel, prompts]));
  state.seen = new Map(Object.entries(JSON.parse(localStorage.getItem(`seen-${fresh.me}`) || "{}")));
  state.ready = true;
}

// Take one change in. The message, where it is one that wasn't there before.
export function takeChange(change) {
  if (change.kind === "message") {
    const isNew = !messageAt(change.message.channel, change.message.ts);
    keep(change.message);
    if (change.message.thread_ts) noteThread(change.message);
    return isNew ? change.message : null;
  }
  if (change.kind === "gone") state.messages.get(change.channel)?.delete(change.ts);
  if (change.kind === "views") state.views = change.views;
  if (change.kind === "home") state.home = change.view;
  if (change.kind === "prompts") state.prompts.set(change.channel, change);
  if (change.kind === "faults") state.faults = change.faults;
  if (change.kind === "connected") state.connected = change.connected;
  if (change.kind === "channel") state.channels.set(change.channel.id, change.channel);
  if (change.kind === "status") {
    const at = `${change.channel}/${change.thread_ts}`;
    if (change.status) state.statuses.set(at, change);
    else state.statuses.delete(at);
  }
  if (change.kind === "picks") {
    const message = messageAt(change.channel, change.ts);
    if (message) keep({ ...message, picks: change.picks });
  }
  return null;
}

function keep(message) {
  if (!state.messages.has(message.channel)) state.messages.set(message.channel, new Map());
  state.messages.get(message.channel).set(message.ts, message);
}

function noteThread(reply) {
  const first = messageAt(reply.channel, reply.thread_ts);
  if (first && !first.thread_ts) keep({ ...first, thread_ts: first.ts });
}

function sort(said) {
  const all = [...said.entries()].sort(([a], [b]) => Number(a) - Number(b));
  said.clear();
  for (const [ts, message] of all) said.set(ts, message);
}

export function messageAt(channel, ts) {
  return state.messages.get(channel)?.get(ts);
}

export function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

// The messages of a channel that stand in the channel itself.
export function topLevel(channel) {
  return [...(state.messages.get(channel)?.values() ?? [])].filter(
    (message) => !isReply(message) || message.subtype === "thread_broadcast",
  );
}

export function thread(channel, ts) {
  return [...(state.messages.get(channel)?.values() ?? [])].filter(
    (message) => message.ts === ts || message.thread_ts === ts,
  );
}

export function replies(message) {
  return thread(message.channel, message.ts).filter((reply) => reply.ts !== message.ts && !reply.only_for);
}

export function unread(channel) {
  const from = Number(state.seen.get(channel) ?? 0);
  return [...(state.messages.get(channel)?.values() ?? [])].filter((message) => {
    if (message.user === state.me || Number(message.ts) <= from || message.hidden) return false;
    // A reply counts where the person began the thread: that is the answer they wait for.
    return !isReply(message) || messageAt(channel, message.thread_ts)?.user === state.me;
  }).length;
}

export function markSeen(channel) {
  const last = [...(state.messages.get(channel)?.keys() ?? [])].at(-1);
  if (!last || state.seen.get(channel) === last) return;
  state.seen.set(channel, last);
  localStorage.setItem(`seen-${state.me}`, JSON.stringify(Object.fromEntries(state.seen)));
}

export function direct() {
  return [...state.channels.values()].find((channel) => channel.kind === "im");
}

export function nameOf(id) {
  return state.people.get(id)?.real_name ?? (id === "USLACKBOT" ? "Playground" : id);
}

export function channelTitle(channel) {
  if (channel.kind === "mpim") return channel.topic;
  return channel.kind === "im" ? state.team.bot_name : channel.name;
}

// The name of a place as people write it.
export function placeName(channel) {
  return (["channel", "group"].includes(channel.kind) ? "#" : "") + channelTitle(channel);
}

export function me() {
  return state.people.get(state.me);
}

// What somebody is to this workspace, where they aren't simply a member of it.
export function role(person) {
  if (person.is_admin) return "admin";
  if (person.is_guest) return "guest";
  return person.is_stranger ? state.team.partner : "";
}

export function pinned(channel) {
  const kept = [...(state.messages.get(channel)?.values() ?? [])].filter((message) => message.pinned_info);
  return kept.sort((a, b) => b.pinned_info.pinned_ts - a.pinned_info.pinned_ts);
}

// The address of a file, for whoever looks at it.
export function fileUrl(id) {
  return `/page/file/${encodeURIComponent(id)}?person=${encodeURIComponent(state.me)}`;
}
