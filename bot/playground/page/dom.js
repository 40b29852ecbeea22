// Building and patching the page. Texts become text nodes, never markup, so that nothing said here can run.

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// A drawing of the page's own: 20 x 20, stroked with the colour of the text around it.
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const ICONS = {
  hash: "M7.5 3 6 17M14 3l-1.500 14M3.500 7.500h13.500M3 12.500h13.500",
  lock: "M5 9h10v8H5zM7 9V6.500a3 3 0 0 1 6 0V9",
  home: "M3 9.500 10 3l7 6.500M5 8.500V17h10V8.500M8.500 17v-4.500h3V17",
  book: "M4 4h5a2 2 0 0 1 1 .6A2 2 0 0 1 11 4h5v12h-5a1.500 1.500 0 0 0-1 .5 1.500 1.500 0 0 0-1-.5H4zM10 4.800v11.500",
  send: "M3.500 10 16.500 4 12.500 16.500 9.500 11.500zM9.500 11.500l7-7.500",
  reply: "M3.500 4.500h13v8.500h-7l-3.500 3v-3h-2.500z",
  smile: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM7 11.500c.8 1.500 1.800 2 3 2s2.200-.5 3-2M7.700 8v.3M12.300 8v.3",
  more: "M4.500 10h.01M10 10h.01M15.500 10h.01",
  clip: "M15.500 9.500 10 15a3.500 3.500 0 0 1-5-5l6-6a2.300 2.300 0 0 1 3.300 3.300l-5.800 5.800a1.100 1.100 0 0 1-1.600-1.600l5.200-5.200",
  pin: "M12 3.500 16.500 8l-3 .8-3.200 3.200-.5 3.200-4.500-4.500 3.200-.5 3.200-3.200zM7.300 12.700 3.500 16.500",
  page: "M5 3h7l3.500 3.500V17H5zM12 3v3.500h3.500M7.500 10h5.500M7.500 13h5.500",
  link: "M8.500 11.500a3 3 0 0 0 4.200 0l2.600-2.600a3 3 0 0 0-4.200-4.200l-1 1M11.500 8.500a3 3 0 0 0-4.200 0l-2.600 2.600a3 3 0 0 0 4.200 4.200l1-1",
  people: "M7.500 9.500a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600zM2.500 16.500c.3-3 2.300-4.600 5-4.600s4.700 1.600 5 4.600M13 4.200a2.600 2.600 0 0 1 0 5M14.500 12.200c1.800.5 2.900 2 3.100 4.300",
  storm: "M6 12.500a3.300 3.300 0 0 1-.3-6.600 4.600 4.600 0 0 1 8.900.7 3 3 0 0 1 .4 5.900M10.800 9 8.500 12.800h3L9.300 17",
  close: "M5 5l10 10M15 5 5 15",
  back: "M12 4 6 10l6 6",
  up: "M3.500 9h2.500v8H3.500zM6 9l3.500-6c1.300 0 2 .9 1.800 2.100L10.800 8h4.400a1.500 1.500 0 0 1 1.500 1.800l-1.100 5.700A1.800 1.800 0 0 1 13.800 17H6",
  down: "M3.500 11h2.500V3H3.500zM6 11l3.500 6c1.300 0 2-.9 1.800-2.100L10.800 12h4.400a1.500 1.500 0 0 0 1.500-1.800l-1.100-5.700A1.800 1.800 0 0 0 13.800 3H6",
  trash: "M4 5.500h12M8 5.500V4h4v1.500M5.500 5.500 6.300 17h7.400l.8-11.500",
  dot: "M10 10h.01",
  hourglass: "M5 3h10M5 17h10M6 3c0 4 4 5 4 7s-4 3-4 7M14 3c0 4-4 5-4 7s4 3 4 7",
  warning: "M10 3.500 17.500 16.500H2.500zM10 8.500v4M10 14.500v.1",
  check: "M4 10.500 8.200 15 16 5.500",
  eye: "M2.500 10c2-3.600 4.500-5.200 7.500-5.200s5.500 1.600 7.500 5.200c-2 3.600-4.500 5.200-7.500 5.200S4.500 13.600 2.500 10zM10 12.300a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600z",
  heart: "M10 16.500C5.500 13.300 3 10.700 3 7.800A3.700 3.700 0 0 1 10 6a3.700 3.700 0 0 1 7 1.800c0 2.900-2.500 5.500-7 8.700z",
  question: "M7 7.300A3 3 0 1 1 10.900 10c-.7.300-.9.800-.9 1.700M10 15.200v.1",
  star: "m10 3 2.100 4.600 4.900.6-3.600 3.400.9 5-4.300-2.400-4.300 2.400.9-5L3 8.200l4.900-.6z",
};

// Make the children of `container` those of `items`, keeping the nodes that haven't changed, and the focus.
export function keyed(container, items, { key, version, make }) {
  const known = new Map([...container.children].map((node) => [node.dataset.key, node]));
  let place = container.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    const wanted = JSON.stringify(version(item));
    let node = known.get(id);
    known.delete(id);
    if (!node || node.keyedVersion !== wanted) {
      const fresh = make(item);
      fresh.dataset.key = id;
      fresh.keyedVersion = wanted;
      if (node) {
        const focus = focusWithin(node);
        if (place === node) place = fresh;
        node.replaceWith(fresh);
        focus?.(fresh);
      }
      node = fresh;
    }
    if (node === place) place = place.nextElementSibling;
    else container.insertBefore(node, place);
  }
  for (const node of known.values()) node.remove();
}

// Replace what is in `container` where it changed, giving the focus back to the element of the same name.
export function redraw(container, version, make) {
  const wanted = JSON.stringify(version);
  if (container.keyedVersion === wanted) return;
  const focus = container.contains(document.activeElement) ? focusWithin(container) : null;
  container.keyedVersion = wanted;
  container.replaceChildren(...[make()].flat(Infinity).filter(Boolean));
  focus?.(container);
}

function focusWithin(node) {
  const active = document.activeElement;
  if (!active || !node.contains(active)) return null;
  const name = active.dataset.focus;
  const { selectionStart, selectionEnd } = active;
  return (fresh) => {
    const target = name ? fresh.querySelector(`[data-focus="${CSS.escape(name)}"]`) : fresh;
    target?.focus({ preventScroll: true });
    if (target && selectionStart !== undefined && selectionStart !== null) {
      target.setSelectionRange?.(selectionStart, selectionEnd);
    }
  };
}

// Arrow keys, Home and End walk through the elements of a list that match `selector`.
export function arrows(container, selector, { roving = false } = {}) {
  if (roving) container.addEventListener("focusin", () => rove(container, selector));
  container.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const edge = { Home: 0, End: -1 }[event.key];
    if (step === undefined && edge === undefined) return;
    if (!event.target.matches(selector)) return;
    const all = [...container.querySelectorAll(selector)];
    const at = all.indexOf(event.target);
    const next = edge === undefined ? all[at + step] : all.at(edge);
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });
}

// One element of a list takes part in the Tab order: the one that had the focus last, otherwise the last one.
export function rove(container, selector) {
  const all = [...container.querySelectorAll(selector)];
  const current = all.find((node) => node.contains(document.activeElement)) ?? all.find((node) => node.tabIndex === 0);
  for (const node of all) node.tabIndex = -1;
  const chosen = current ?? all.at(-1);
  if (chosen) chosen.tabIndex = 0;
}
