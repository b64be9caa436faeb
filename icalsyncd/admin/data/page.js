// What a page without script cannot do: copy a link, refresh without losing the place, go from night to night by arrow key.
"use strict";

const EVERY = 20000;
const PATIENCE = 15000;
const said = document.getElementById("said");

function prepare() {
  for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = !navigator.clipboard && !document.queryCommandSupported;
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
  words.textContent = done ? "Copied" : "Press Ctrl-C";
  said.textContent = done ? "The link is copied" : "The link is selected";
  setTimeout(() => { words.textContent = "Copy"; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});

// Makes the old tree like the fresh one node by node: focus, selection, pointer and scrolling stay where they are.
function follow(old, fresh) {
  if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  const own = old.matches("button[data-copy]");
  for (const name of new Set([...old.getAttributeNames(), ...fresh.getAttributeNames()])) {
    if (own && name === "hidden") continue;
    const value = fresh.getAttribute(name);
    if (value === null) old.removeAttribute(name);
    else if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (own) return;
  const before = [...old.childNodes], after = [...fresh.childNodes];
  after.forEach((child, index) => (index < before.length ? follow(before[index], child) : old.append(child)));
  before.slice(after.length).forEach((child) => child.remove());
}

// Nobody answers: what the page says is of the past, and nothing on it is well.
function bury() {
  if (document.body.classList.contains("stale")) return;
  const time = document.getElementById("as-of"), attention = document.getElementById("attention");
  const asOf = time.textContent;
  document.body.classList.add("stale");
  time.textContent = `${asOf} (icalsyncd does not answer)`;
  attention.className = "dead";
  const title = document.createElement("h2"), words = document.createElement("p");
  title.id = "attention-title";
  title.textContent = "icalsyncd does not answer";
  words.textContent = `What is below is as of ${asOf}. While it does not run no portal is told of a new booking, and any night can be sold twice. systemctl status icalsyncd and its log say why.`;
  attention.replaceChildren(title, words);
  document.title = "(!) icalsyncd does not answer";
  said.textContent = title.textContent;
}

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const attention = document.getElementById("attention").textContent;
    follow(document.querySelector("header"), fresh.querySelector("header"));
    follow(document.getElementById("main"), fresh.getElementById("main"));
    document.title = fresh.title;
    document.body.classList.remove("stale");
    prepare();
    if (document.getElementById("attention").textContent !== attention) said.textContent = document.getElementById("attention-title").textContent;
  } catch {
    bury();
  }
}

function step(night, key) {
  const turned = matchMedia("(max-width: 46rem)").matches;
  const along = turned ? { ArrowUp: -1, ArrowDown: 1 } : { ArrowLeft: -1, ArrowRight: 1 };
  const across = turned ? { ArrowLeft: -1, ArrowRight: 1 } : { ArrowUp: -1, ArrowDown: 1 };
  const nights = [...night.closest(".picture").querySelectorAll("a.night")];
  if (key in along) return nights[nights.indexOf(night) + along[key]];
  if (key in across) {
    const months = [...night.closest(".picture").querySelectorAll(".month")];
    const month = months[months.indexOf(night.closest(".month")) + across[key]];
    const day = [...night.classList].find((name) => /^d\d+$/.test(name));
    return month && (month.querySelector(`a.${day}`) || month.querySelector("a.night:last-of-type"));
  }
  return undefined;
}

document.addEventListener("keydown", (event) => {
  const night = event.target.closest && event.target.closest("a.night");
  if (!night || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") night.blur();
  const next = step(night, event.key);
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

prepare();
setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
