// What the host does from the page: pull, accept, pause, resume, block, give back, and undo.
"use strict";

const acts = (() => {
  const PATIENCE = 60000, LONG = 600000, SHOWN = 30000;
  const based = () => document.getElementById("acts");
  const words = JSON.parse(based().dataset.words);
  // what our own changes have made of the config that the page still shows
  const led = new Map();
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  // day before month, as everywhere on the page
  const spoken = document.documentElement.lang.replace(/^en$/, "en-GB");
  // made when the first date is said: it costs more than all else here
  let dated;
  function say(day) {
    dated ??= new Intl.DateTimeFormat(spoken, { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
    return dated.format(new Date(`${day}T00:00:00Z`));
  }

  function digest() {
    let found = based().dataset.digest;
    while (led.has(found)) found = led.get(found);
    return found;
  }

  function became(before, after) {
    led.delete(after);
    if (before !== after) led.set(before, after);
  }

  function make(tag, text, properties) {
    const element = Object.assign(document.createElement(tag), properties);
    if (text) element.textContent = text;
    return element;
  }

  const toasts = make("div", "", { id: "toasts" });
  toasts.setAttribute("role", "status");
  document.body.append(toasts);

  function toast(text, { lines, undo, bad, fleeting } = {}) {
    const shown = make("div", "", { className: bad ? "toast bad" : "toast" });
    const choices = make("div", "", { className: "choices" });
    shown.append(make("p", text));
    if (lines) {
      const written = make("pre", lines);
      written.tabIndex = 0;
      const copy = make("button", words.copy, { type: "button" });
      copy.addEventListener("click", () => {
        getSelection().selectAllChildren(written);
        if (navigator.clipboard) navigator.clipboard.writeText(lines).catch(() => document.execCommand("copy"));
        else document.execCommand("copy");
      });
      shown.append(written);
      choices.append(copy);
    }
    if (undo) {
      const back = make("button", words.undo, { type: "button", className: "undo" });
      back.addEventListener("click", () => { back.disabled = true; change("undo", {}); });
      choices.append(back);
    }
    const close = make("button", words.close, { type: "button", className: "close" });
    close.addEventListener("click", () => shown.remove());
    choices.append(close);
    if (!fleeting) shown.append(choices);
    toasts.replaceChildren(shown);
    // what is to be read and pasted stays
    if (!lines && !bad) setTimeout(() => { if (!shown.matches(":hover, :focus-within")) shown.remove(); }, SHOWN);
  }

  async function post(path, query, body, patience = PATIENCE) {
    let answer, text;
    try {
      answer = await fetch(`-/${path}?${new URLSearchParams(query)}`, {
        method: "POST", body: new URLSearchParams(body), cache: "no-store", signal: AbortSignal.timeout(patience),
      });
      text = await answer.text();
    } catch {
      toast(words.lost, { bad: true });
      return null;
    }
    if (answer.status === 401) {
      // the session has ended: the page asks who it is
      location.reload();
      return null;
    }
    let said;
    try { said = JSON.parse(text); } catch { said = { error: text.trim() }; }
    if (!answer.ok) {
      toast(said.error || String(answer.status), { bad: true });
      return null;
    }
    return said;
  }

  const refresh = () => document.dispatchEvent(new Event("visibilitychange"));

  // Changes the config, and says what has come of it.
  async function change(what, fields) {
    const before = digest();
    const done = await post(what, {}, { ...fields, digest: before });
    if (!done) return;
    if (done.written) {
      became(before, done.digest);
      toast(done.said, { undo: done.undo, bad: Boolean(done.mistakes) });
      refresh();
    } else {
      toast(done.said, { lines: done.lines });
    }
  }

  // Asks, and gives the name of the button that was chosen, with what was written; null for none.
  function ask(title, text, { ranges = [], waits = [], fields = [], buttons }) {
    const box = make("dialog", "", { className: "asking" });
    const form = make("form", "", { method: "dialog" });
    const heading = make("h2", title, { id: "asking-title" });
    box.setAttribute("aria-labelledby", heading.id);
    form.append(heading);
    const list = (items) => { const made = make("ul"); made.tabIndex = 0; made.append(...items.map((each) => make("li", each))); return made; };
    if (waits.length) form.append(list(waits));
    if (text) form.append(make("p", text));
    if (ranges.length) form.append(list(ranges.map((run) => `${say(run.from)} – ${say(run.to)}`)));
    for (const { name, label, ...rest } of fields) {
      const field = make("input", "", { name, ...rest });
      const around = make("label", label);
      around.append(field);
      form.append(around);
    }
    const choices = make("div", "", { className: "choices" });
    buttons.forEach(([value, words], index) => choices.append(make("button", words, { value, type: "submit", className: index ? "" : "first" })));
    const cancel = make("button", words.cancel, { type: "button", className: "cancel" });
    cancel.addEventListener("click", () => box.close(""));
    choices.append(cancel);
    form.append(choices);
    box.append(form);
    document.body.append(box);
    const back = document.activeElement;
    return new Promise((resolve) => {
      box.addEventListener("close", () => {
        const given = Object.fromEntries(new FormData(form));
        box.remove();
        if (back && back.isConnected) back.focus();
        resolve(box.returnValue ? { chosen: box.returnValue, ...given } : null);
      });
      box.showModal();
    });
  }

  const next = (day, days) => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86400000).toISOString().slice(0, 10);

  // Takes nights; where somebody has them already, only once the host says so.
  async function block(accommodation, from, to, note = "") {
    const fields = { accommodation, from, to, note };
    const ahead = await post("block", {}, { ...fields, dry_run: "1" });
    if (!ahead) return;
    if (ahead.taken && ahead.taken.length) {
      const title = fill(words.blockTitle, { house: accommodation });
      if (!(await ask(title, words.taken, { ranges: ahead.taken, buttons: [["block", words.anyway]] }))) return;
    }
    await change("block", fields);
  }

  async function nights(what, { accommodation, night }) {
    // this form of Swedish is ISO 8601's: today on the clock of whoever looks
    const from = night || new Date().toLocaleDateString("sv");
    const given = await ask(fill(words[`${what}Title`], { house: accommodation }), "", {
      fields: [
        { name: "from", label: words.from, type: "date", value: from, required: true },
        { name: "to", label: words.to, type: "date", value: next(from, 1), required: true },
        ...(what === "block" ? [{ name: "note", label: words.note, type: "text", maxLength: 200, autocomplete: "off" }] : []),
      ],
      buttons: [[what, words[what]]],
    });
    if (!given) return;
    if (what === "block") await block(accommodation, given.from, given.to, given.note);
    else await change("unblock", { accommodation, from: given.from, to: given.to });
  }

  const doing = {
    block: (fields) => nights("block", fields),
    unblock: (fields) => nights("unblock", fields),
    async pull({ sync }) {
      toast(fill(words.pulling, { sync }), { fleeting: true });
      const done = await post("pull", { sync }, {}, LONG);
      if (!done) return;
      const [report] = done;
      const outcome = words.outcomes[report.outcome] + (report.reason ? ` (${report.reason})` : "");
      toast(fill(words.pulled, { sync, outcome }), { bad: report.outcome === "failed" });
      refresh();
    },
    async pause({ sync }) {
      const ahead = await post("pause", {}, { sync, dry_run: "1" });
      if (!ahead) return;
      const opens = ahead.opens || [];
      const given = await ask(fill(words.pauseTitle, { sync }), opens.length ? words.pauseOpens : words.pauseOpensNone, {
        ranges: opens,
        buttons: opens.length ? [["keep", words.keep], ["release", words.release]] : [["release", words.pause], ["keep", words.keep]],
      });
      if (given) await change("pause", given.chosen === "keep" ? { sync, keep: "1" } : { sync });
    },
    async resume({ sync }) {
      const ahead = await post("resume", {}, { sync, dry_run: "1" });
      if (!ahead) return;
      if (ahead.safe === false && !(await ask(fill(words.resumeTitle, { sync }), words.soon, { buttons: [["resume", words.resume]] }))) return;
      await change("resume", { sync });
    },
    async confirm({ accommodation, night, claimers }) {
      const title = fill(words.confirmTitle, { house: accommodation });
      const range = [
        { name: "from", label: words.from, type: "date", value: night, required: true },
        { name: "to", label: words.to, type: "date", value: next(night, 1), required: true },
      ];
      const whose = claimers.split(" ").map((each) => [each, fill(words.hasThem, { sync: each })]);
      const given = await ask(title, words.looked, { fields: range, buttons: [...whose, ["", words.nobody]].map(([value, text]) => [value || "-", text]) });
      if (!given) return;
      const query = { accommodation, from: given.from, to: given.to, ...(given.chosen === "-" ? { nobody: "1" } : { by: given.chosen }) };
      const ahead = await post("confirm", { ...query, dry_run: "1" }, {});
      if (!ahead) return;
      const text = ahead.releases.length ? words.releases : words.releasesNone;
      const waits = ahead.events.map((each) => `${each.sync}: ${say(each.from)} – ${say(each.to)}`);
      if (!(await ask(title, text, { waits, ranges: ahead.releases, buttons: [["confirm", words.confirm]] }))) return;
      if (!(await post("confirm", { ...query, seen: ahead.seen }, {}))) return;
      toast(words.confirmed);
      refresh();
    },
    async accept({ sync, accommodation }) {
      const name = sync || accommodation, query = sync ? { sync } : { accommodation };
      const ahead = await post("accept", { ...query, dry_run: "1" }, {});
      if (!ahead) return;
      const text = ahead.releases.length ? words.releases : words.releasesNone;
      const given = await ask(fill(words.acceptTitle, { name }), text, { waits: ahead.waits, ranges: ahead.releases, buttons: [["accept", words.accept]] });
      if (!given || !(await post("accept", query, {}))) return;
      toast(fill(words.accepted, { name }));
      refresh();
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act]");
    if (!button || !doing[button.dataset.act]) return;
    const row = button.closest(".row");
    doing[button.dataset.act](row && !button.dataset.sync ? { accommodation: row.id.slice(4), ...button.dataset } : button.dataset);
  });
  document.documentElement.classList.add("acting");
  return { block, next, say, tell: (text) => toast(text, { fleeting: true }), hush: () => toasts.replaceChildren(), words, fill };
})();
