// What a page without script cannot do: show what changes at once, draw further weeks while it scrolls, filter while
// somebody types, copy a link, go from night to night by arrow key.
"use strict";

const EVERY = 20000, SELDOM = 60000, PATIENCE = 15000, STRIDE = 40, MOST_ROWS = 20;
const said = document.getElementById("said");
const scroller = document.getElementById("scroller");
const pinned = document.getElementById("pinned");
const form = document.querySelector(".filter");

const find = (selector, within = document) => [...within.querySelectorAll(selector)];
// lets the browser draw and listen between two pieces of work
const turn = () => new Promise((go) => { const channel = new MessageChannel(); channel.port1.onmessage = go; channel.port2.postMessage(0); });

function prepare() {
  for (const button of find("button[data-copy]")) button.hidden = !navigator.clipboard && !document.queryCommandSupported;
}

async function copy(button) {
  const code = document.getElementById(button.dataset.copy);
  const words = button.querySelector("span");
  let done = true;
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // a page that is not on https or loopback has no clipboard; the selection can be copied by hand
    getSelection().selectAllChildren(code);
    done = document.execCommand("copy");
  }
  words.textContent = done ? said.dataset.copied : said.dataset.selected;
  said.textContent = words.textContent;
  setTimeout(() => { words.textContent = said.dataset.copy; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});

// What is the same in the old tree and in the fresh one, wherever it stands: a house, a sync, a night, an act.
const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE && (node.id || node.getAttribute("href") || (node.dataset.act ? `${node.dataset.act} ${node.dataset.sync}` : ""))) || "";

// Makes the old tree like the fresh one node by node: focus, selection, pointer and scrolling stay where they are. No
// element becomes that of another night or sync: whoever has it in focus, or under the finger, acts on what it was.
function follow(old, fresh) {
  if (old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  const own = old.matches("button[data-copy]");
  for (const name of new Set([...old.getAttributeNames(), ...fresh.getAttributeNames()])) {
    // what the reader has done to it is the reader's
    if ((name === "hidden" && (own || old.matches(".row"))) || (name === "open" && old.matches("details"))) continue;
    const value = fresh.getAttribute(name);
    if (value === null) old.removeAttribute(name);
    else if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (own) return;
  if (old.matches(".lanes")) {
    // further weeks were drawn behind the first ones
    follow(old.firstElementChild, fresh.firstElementChild);
    return;
  }
  const after = [...fresh.childNodes], wanted = new Set(after.map(keyOf)), known = new Map();
  for (const child of [...old.childNodes]) {
    const key = keyOf(child);
    if (key && wanted.has(key) && !known.has(key)) known.set(key, child);
    else if (key) child.remove();
  }
  let at = old.firstChild;
  const drop = () => { const next = at.nextSibling; at.remove(); at = next; };
  for (const child of after) {
    const key = keyOf(child), same = known.get(key);
    known.delete(key);
    // what is moved loses the focus: what stands in its way goes instead
    while (same && at && at !== same && !keyOf(at)) drop();
    const match = same || (at && !key && !keyOf(at) && at.nodeName === child.nodeName ? at : null);
    if (match && match === at) at = at.nextSibling;
    else old.insertBefore(match || child, at);
    if (match) follow(match, child);
  }
  while (at) drop();
}

// Nothing moves under a finger or a button that is down, unless it is held for very long.
const held = new Set();
let lifted = null;
function lift(pointer) {
  held.delete(pointer);
  // once the click that belongs to it is over
  if (!held.size && lifted) setTimeout(lifted, 0);
}
addEventListener("pointerdown", (event) => held.add(event.pointerId), true);
for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, (event) => lift(event.pointerId), true);
// a list that the browser opens over the page keeps the end of the press to itself
addEventListener("pointermove", (event) => { if (held.size && !event.buttons && event.pointerType === "mouse") lift(event.pointerId); }, true);
const still = () => new Promise((go) => { lifted = go; setTimeout(() => { held.clear(); go(); }, PATIENCE); });

async function ask(query) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  url.hash = "";
  const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  // who looks has been logged out: the page asks who it is
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// Nobody answers: what the page says is of the past, and nothing on it is well.
function bury() {
  if (document.body.classList.contains("stale")) return;
  const time = document.getElementById("as-of"), attention = document.getElementById("attention");
  document.body.classList.add("stale");
  attention.className = "dead";
  const title = document.createElement("h2"), words = document.createElement("p");
  title.id = "attention-title";
  title.textContent = said.dataset.dead;
  words.textContent = said.dataset.why.replace("{time}", time.textContent);
  attention.replaceChildren(title, words);
  document.title = `(!) ${said.dataset.dead}`;
  document.querySelector("link[rel=icon]").href = "static/trouble.svg";
  said.textContent = title.textContent;
}

let busy = null, again = null;

// Shows the page as it is now: of some houses alone where only they have changed.
async function refresh(houses) {
  if (document.hidden) return;
  if (busy) {
    // all of them, where two changes meet
    again = again === null && houses ? houses : [];
    return;
  }
  busy = true;
  const some = houses && houses.length && houses.length <= MOST_ROWS ? { rows: houses.join(",") } : {};
  try {
    let fresh = await ask(some);
    while (held.size) {
      await still();
      fresh = await ask(some);
    }
    await show(fresh, !some.rows);
    for (const from of further) {
      for (const row of find(".row", await ask({ ...some, part: "board", from }))) draw(row, from);
      await turn();
    }
  } catch {
    bury();
  }
  busy = null;
  if (again !== null) {
    const next = again;
    again = null;
    refresh(next);
  }
}

async function show(fresh, all) {
  if (!fresh.getElementById("attention")) {
    // somebody has to log in again
    location.reload();
    return;
  }
  const attention = document.getElementById("attention").textContent;
  const rows = document.querySelector(".rows"), freshRows = fresh.querySelector(".rows");
  follow(document.querySelector("header"), fresh.querySelector("header"));
  follow(document.getElementById("attention"), fresh.getElementById("attention"));
  for (const part of [".title", ".filter .count", ".turn"]) {
    const old = document.querySelector(`#board > ${part}, #board ${part}`), now = fresh.querySelector(`#board ${part}`);
    if (old && now) follow(old, now);
  }
  const scale = document.getElementById("scale"), freshScale = fresh.getElementById("scale");
  if (scale && freshScale && scale.firstElementChild.dataset.from !== freshScale.firstElementChild.dataset.from) {
    location.reload();
    return;
  }
  const order = freshRows.dataset.order.split(" ").filter(Boolean);
  let slice = 0;
  // what is said where there are no rows
  for (const row of [...rows.children]) if (!row.id) row.remove();
  for (const row of find(":scope > li", freshRows)) {
    const old = row.id && document.getElementById(row.id);
    if (old) follow(old, row);
    else if (all) rows.append(row);
    if (++slice % STRIDE === 0) await turn();
  }
  const wanted = new Set(order.map((id) => `row-${id}`));
  for (const row of [...rows.children]) if (row.id ? !wanted.has(row.id) : order.length) row.remove();
  const place = [...rows.children].map((row) => row.id.slice(4)).join(" ");
  if (place !== order.join(" ")) {
    const focused = document.activeElement;
    for (const id of order) { const row = document.getElementById(`row-${id}`); if (row) rows.append(row); }
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }
  rows.dataset.order = freshRows.dataset.order;
  for (const section of find(".house", fresh)) {
    const old = document.getElementById(section.id);
    if (old) follow(old, section);
  }
  document.title = fresh.title;
  document.querySelector("link[rel=icon]").href = fresh.querySelector("link[rel=icon]").getAttribute("href");
  document.body.classList.remove("stale");
  prepare();
  sift();
  if (document.getElementById("attention").textContent !== attention) said.textContent = document.getElementById("attention-title").textContent;
}

// Further weeks, when the reader scrolls to the last that are drawn.
const further = [];
let drawing = false;

function draw(row, from) {
  const old = document.getElementById(row.id), lane = row.querySelector(".lanes > .lane");
  if (!old || !lane) return;
  lane.dataset.from = from;
  const lanes = old.querySelector(":scope > .lanes");
  const there = lanes.querySelector(`:scope > [data-from="${from}"]`);
  if (there) follow(there, lane);
  else lanes.append(lane);
}

async function extend() {
  const scale = document.getElementById("scale");
  const later = scale.lastElementChild.dataset.later;
  if (drawing || !later) return;
  drawing = true;
  try {
    const from = new URLSearchParams(later).get("from");
    const fresh = await ask({ part: "board", from });
    let slice = 0;
    for (const row of find(".row", fresh)) {
      draw(row, from);
      if (++slice % STRIDE === 0) await turn();
    }
    scale.append(fresh.querySelector("#scale > .lane"));
    further.push(from);
    // not by a property that is handed down: each bar of each house would be styled anew
    document.querySelector(".rows").style.minWidth = `calc(${112 * (further.length + 1)} * var(--half))`;
  } catch {
    // it is tried again when the reader scrolls on
  }
  drawing = false;
}

function scrolled() {
  pinned.scrollLeft = scroller.scrollLeft;
  if (scroller.scrollLeft + 1.5 * scroller.clientWidth > scroller.scrollWidth) extend();
}

if (scroller) {
  scroller.addEventListener("scroll", () => requestAnimationFrame(scrolled), { passive: true });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".turn a[rel=next]")) return;
    event.preventDefault();
    extend().then(() => scroller.scrollBy({ left: scroller.clientWidth * 0.9, behavior: "smooth" }));
  });
}

// Filter and search, while somebody types; the address has it too, so that it can be kept.
function sift() {
  if (!form) return;
  const sought = form.elements.q.value.trim().toLowerCase(), which = form.elements.show.value;
  let shown = 0;
  for (const row of find(".row")) {
    row.hidden = !row.dataset.find.includes(sought) || !row.dataset.is.split(" ").includes(which);
    shown += !row.hidden;
  }
  return shown;
}

let typed;
function asked(event) {
  clearTimeout(typed);
  typed = setTimeout(async () => {
    const url = new URL(location.href), narrow = url.searchParams.has("q") || url.searchParams.has("show");
    for (const { name, value } of form.querySelectorAll("[name]")) if (value && value !== "all") url.searchParams.set(name, value); else url.searchParams.delete(name);
    history.replaceState(null, "", url);
    if (narrow || event.target.name === "order") await refresh();
    said.textContent = sift() ? document.querySelector(".filter .count").textContent : said.dataset.none;
  }, event.type === "input" ? 150 : 0);
  sift();
}
if (form) {
  form.addEventListener("input", asked);
  form.addEventListener("submit", (event) => { event.preventDefault(); asked(event); });
}

function step(night, key) {
  const turned = matchMedia("(max-width: 46rem)").matches && !night.matches(".bar");
  const along = turned ? { ArrowUp: -1, ArrowDown: 1 } : { ArrowLeft: -1, ArrowRight: 1 };
  const across = turned ? { ArrowLeft: -1, ArrowRight: 1 } : { ArrowUp: -1, ArrowDown: 1 };
  if (night.matches(".bar")) {
    if (key in along) { const bars = find(".bar", night.closest(".row")); return bars[bars.indexOf(night) + along[key]]; }
    const rows = find(".row:not([hidden])").filter((row) => row.querySelector(".bar"));
    const row = key in across && rows[rows.indexOf(night.closest(".row")) + across[key]];
    return row ? row.querySelector(".bar") : undefined;
  }
  const nights = find("a.night", night.closest(".picture"));
  if (key in along) return nights[nights.indexOf(night) + along[key]];
  if (key in across) {
    const months = find(".month", night.closest(".picture"));
    const month = months[months.indexOf(night.closest(".month")) + across[key]];
    const day = [...night.classList].find((name) => /^d\d+$/.test(name));
    return month && (month.querySelector(`a.${day}`) || month.querySelector("a.night:last-of-type"));
  }
  return undefined;
}

document.addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.altKey || event.ctrlKey || event.metaKey || !at.closest) return;
  if (at === scroller && (event.key === "ArrowDown" || event.key === "Enter")) {
    const first = document.querySelector(".row:not([hidden]) .bar");
    if (first) { event.preventDefault(); first.focus(); }
    return;
  }
  const night = at.closest("a.night, a.bar");
  if (!night) return;
  if (event.key === "Escape") night.blur();
  const next = step(night, event.key);
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

// Whether anybody is there at all: a stream may be cut by what stands between, and the page costs a hundred times as much.
async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch("-/healthy", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) refresh();
  } catch {
    bury();
  }
}

// What changes is told at once; where it cannot be, the page asks from time to time.
let since = Date.now(), live = false, missed = false, due = false;
function listen() {
  const stream = new EventSource("-/events");
  stream.onopen = () => {
    live = true;
    // what changed while nothing was heard; not at once where the stream is cut again and again
    if (document.body.classList.contains("stale") || (missed && Date.now() - since > EVERY)) { since = Date.now(); refresh(); }
    else due = missed;
    missed = false;
  };
  stream.onmessage = (event) => { since = Date.now(); const houses = JSON.parse(event.data); refresh(houses.length ? houses : undefined); };
  stream.onerror = () => {
    live = false;
    missed = true;
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, SELDOM);
    look();
  };
}

prepare();
if (window.EventSource) listen();
setInterval(() => {
  if (!due && live && Date.now() - since < SELDOM) return;
  since = Date.now();
  due = false;
  refresh();
}, EVERY);
document.addEventListener("visibilitychange", () => refresh());
