// Files to be sent with what is written: chosen, dropped on the column, or pasted; shown until they are sent.

import { el, icon } from "./dom.js";
import { toast } from "./toast.js";

const MOST = 10;
const LARGEST = 20_000_000;

export function attachments(holder, { testid, changed }) {
  let files = [];
  const list = el("ul", { class: "attached", "aria-label": "Files to send", hidden: true });
  const chooser = el("input", {
    type: "file",
    multiple: true,
    hidden: true,
    "data-testid": `${testid}-file`,
    onchange: () => {
      add([...chooser.files]);
      chooser.value = "";
    },
  });
  const button = el(
    "button",
    { type: "button", class: "clip", "aria-label": "Attach files", title: "Attach files", "data-testid": `${testid}-attach`, onclick: () => chooser.click() },
    icon("clip"),
  );
  holder.append(chooser);

  function add(more) {
    const fitting = more.filter((file) => file.size > 0 && file.size <= LARGEST);
    if (fitting.length < more.length) toast("A file may have 1 byte to 20 MB.");
    if (files.length + fitting.length > MOST) toast(`At most ${MOST} files at once.`);
    files = [...files, ...fitting].slice(0, MOST);
    draw();
  }

  function draw() {
    list.hidden = !files.length;
    const drop = (file) => {
      files = files.filter((other) => other !== file);
      draw();
    };
    list.replaceChildren(
      ...files.map((file) =>
        el("li", { class: "pill" }, file.name, el("button", { type: "button", "aria-label": `Don't send ${file.name}`, onclick: () => drop(file) }, icon("close"))),
      ),
    );
    changed();
  }

  // The whole column takes what is dropped on it.
  const column = holder.parentElement;
  column.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    column.classList.add("dropping");
  });
  column.addEventListener("dragleave", (event) => {
    if (!column.contains(event.relatedTarget)) column.classList.remove("dropping");
  });
  column.addEventListener("drop", (event) => {
    column.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  holder.addEventListener("paste", (event) => add([...event.clipboardData.files]));

  return {
    button,
    list,
    add,
    any: () => files.length > 0,
    take() {
      const taken = files;
      files = [];
      draw();
      return taken;
    },
    read: (file) =>
      new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.onerror = () => reject(reader.error);
        reader.onload = () => resolve({ name: file.name, content: reader.result.slice(reader.result.indexOf(",") + 1) });
        reader.readAsDataURL(file);
      }),
  };
}
