// The emoji that people and bots write as :shortcodes:. An unknown one stays as written.

import { el, icon } from "./dom.js";

const TABLE = `
+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|heart ❤️|tada 🎉|eyes 👀|white_check_mark ✅|heavy_check_mark ✔️|x ❌|
question ❓|grey_question ❔|exclamation ❗|warning ⚠️|bulb 💡|books 📚|book 📖|open_book 📖|memo 📝|pencil 📝|pencil2 ✏️|
mag 🔍|mag_right 🔎|link 🔗|speech_balloon 💬|thinking_face 🤔|thinking 🤔|smile 😄|slightly_smiling_face 🙂|grin 😁|
joy 😂|wink 😉|blush 😊|sweat_smile 😅|cry 😢|sob 😭|confused 😕|disappointed 😞|angry 😠|open_mouth 😮|sunglasses 😎|
clap 👏|pray 🙏|wave 👋|raised_hands 🙌|muscle 💪|ok_hand 👌|point_right 👉|point_left 👈|point_up ☝️|point_down 👇|
rocket 🚀|fire 🔥|star ⭐|sparkles ✨|100 💯|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|clock1 🕐|calendar 📅|
date 📅|bell 🔔|mega 📣|loudspeaker 📢|lock 🔒|unlock 🔓|key 🔑|gear ⚙️|wrench 🔧|hammer 🔨|package 📦|inbox_tray 📥|
outbox_tray 📤|file_folder 📁|open_file_folder 📂|page_facing_up 📄|clipboard 📋|bar_chart 📊|
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|robot_face 🤖|brain 🧠|seedling 🌱|deciduous_tree 🌳|sunny ☀️|
cloud ☁️|coffee ☕|trophy 🏆|medal 🏅|arrow_up ⬆️|arrow_down ⬇️|arrow_right ➡️|arrow_left ⬅️|
arrows_counterclockwise 🔄|repeat 🔁|rewind ⏪|no_entry ⛔|no_entry_sign 🚫|red_circle 🔴|large_green_circle 🟢|
large_yellow_circle 🟡|large_blue_circle 🔵|white_circle ⚪|black_circle ⚫|heavy_plus_sign ➕|heavy_minus_sign ➖|
information_source ℹ️|zzz 💤|mortar_board 🎓|house 🏠|bust_in_silhouette 👤|busts_in_silhouette 👥|bookmark 🔖|
label 🏷️|pushpin 📌|round_pushpin 📍|scales ⚖️|shield 🛡️|construction 🚧|bug 🐛|back 🔙|leftwards_arrow_with_hook ↩️`;

const EMOJI = new Map(
  TABLE.split("|").map((entry) => {
    const [name, character] = entry.trim().split(" ");
    return [name, character];
  }),
);

// What people react with is drawn by the page itself: not every machine has a font with emoji.
const DRAWN = {
  "+1": "up",
  thumbsup: "up",
  "-1": "down",
  thumbsdown: "down",
  white_check_mark: "check",
  heavy_check_mark: "check",
  x: "close",
  question: "question",
  books: "book",
  book: "book",
  hourglass_flowing_sand: "hourglass",
  warning: "warning",
  lock: "lock",
  pushpin: "pin",
  eyes: "eye",
  heart: "heart",
  star: "star",
};

export const QUICK = ["+1", "-1"];
export const PICKER = ["+1", "-1", "white_check_mark", "x", "question", "eyes", "heart", "star"];

// The emoji of a name, as a node; nothing where there is none of that name.
export function emoji(name) {
  const [plain] = name.split("::");
  const drawn = DRAWN[plain];
  const character = EMOJI.get(plain);
  if (!drawn && !character) return null;
  const label = spokenName(plain);
  return el("span", { class: "emoji", role: "img", "aria-label": label, title: label }, drawn ? icon(drawn) : character);
}

export function spokenName(name) {
  if (name === "+1") return "thumbs up";
  return name === "-1" ? "thumbs down" : name.replaceAll("_", " ");
}
