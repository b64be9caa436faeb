// Nights are chosen by drawing over them: with the mouse, with a finger that rests first, or with Shift and the arrow keys.
"use strict";

(() => {
  const REST = 400, STRAY = 8;
  let pressed = null, chosen = null, run = null;

  function nightOf(cell) {
    const query = new URL(cell.href).searchParams;
    return { accommodation: query.get("accommodation"), night: query.get("night") };
  }

  // Which night of which house is at a place of the window. Of a row, nights begin in the middle of a day.
  function nightAt(x, y) {
    const there = document.elementFromPoint(x, y);
    const cell = there && there.closest(".picture a.night");
    if (cell) return { ...nightOf(cell), within: cell.closest(".picture") };
    const lane = there && there.closest(".row .lane");
    const scale = document.querySelector(".scale .lane");
    if (!lane || !scale) return null;
    const days = scale.querySelectorAll("b").length, place = lane.getBoundingClientRect();
    const index = Math.floor(((x - place.left) / place.width) * days - 0.5);
    const night = acts.next(lane.dataset.from || scale.dataset.from, index);
    return { accommodation: lane.closest(".row").id.slice(4), night, lane, index, days };
  }

  function begin(at) {
    chosen = { ...at, first: at.night, last: at.night, index2: at.index };
    document.documentElement.classList.add("choosing");
    watch.observe(document.getElementById("main"), { subtree: true, attributes: true, childList: true, attributeFilter: ["class"] });
    draw();
  }

  function extend(at) {
    if (!at || at.accommodation !== chosen.accommodation || at.within !== chosen.within || at.lane !== chosen.lane) return;
    chosen.last = at.night;
    chosen.index2 = at.index;
    draw();
  }

  const ordered = () => (chosen.first <= chosen.last ? [chosen.first, chosen.last] : [chosen.last, chosen.first]);

  function mark() {
    const [first, last] = ordered();
    for (const cell of chosen.within.querySelectorAll("a.night")) {
      const { night } = nightOf(cell), wanted = first <= night && night <= last;
      if (cell.classList.contains("chosen") !== wanted) cell.classList.toggle("chosen");
    }
  }

  // the page may be drawn anew meanwhile
  const watch = new MutationObserver(() => { if (chosen && chosen.within) mark(); });

  function draw() {
    const [first, last] = ordered();
    if (chosen.within) mark();
    else {
      const place = chosen.lane.getBoundingClientRect(), wide = place.width / chosen.days;
      const start = Math.min(chosen.index, chosen.index2), end = Math.max(chosen.index, chosen.index2) + 1;
      run ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "chosen-run" }));
      Object.assign(run.style, { left: `${place.left + (start + 0.5) * wide}px`, top: `${place.top}px`, width: `${(end - start) * wide}px`, height: `${place.height}px` });
    }
    acts.tell(acts.fill(pressed ? acts.words.drawing : acts.words.choosing, { first: acts.say(first), until: acts.say(acts.next(last, 1)) }));
  }

  function letGo() {
    watch.disconnect();
    for (const cell of document.querySelectorAll(".chosen")) cell.classList.remove("chosen");
    if (run) run.remove();
    run = chosen = null;
    document.documentElement.classList.remove("choosing");
    acts.hush();
  }

  function take() {
    const { accommodation } = chosen, [first, last] = ordered();
    letGo();
    acts.block(accommodation, first, acts.next(last, 1));
  }

  const isSame = (one, other) => one && ["accommodation", "night", "within", "lane"].every((name) => one[name] === other[name]);

  // The page may have moved under the finger, as when it still scrolls: then nobody knows which night was meant.
  function rest() {
    if (!pressed || chosen) return;
    const { at, x, y } = pressed;
    if (isSame(nightAt(x, y), at)) begin(at);
    else release();
  }

  function press(at, x, y) {
    pressed = { at, x, y, resting: setTimeout(rest, REST) };
  }

  function release() {
    if (pressed) clearTimeout(pressed.resting);
    pressed = null;
  }

  document.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = nightAt(event.clientX, event.clientY);
    if (at) press(at, event.clientX, event.clientY);
  });
  document.addEventListener("pointermove", (event) => {
    if (!pressed || event.pointerType === "touch") return;
    if (!event.buttons) {
      // the button was let go where nobody heard of it
      release();
      if (chosen) letGo();
      return;
    }
    if (!chosen && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > STRAY) begin(pressed.at);
    if (chosen) extend(nightAt(event.clientX, event.clientY));
  });
  document.addEventListener("pointerup", (event) => {
    if (event.pointerType === "touch") return;
    const was = Boolean(pressed && chosen);
    release();
    if (!was) return;
    // the night under the pointer is a link, and is not meant to be followed
    const swallow = (click) => { click.preventDefault(); click.stopPropagation(); };
    addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
    take();
  });
  document.addEventListener("dragstart", (event) => {
    if (event.target.closest && event.target.closest("a.night, .lane")) event.preventDefault();
  });

  document.addEventListener("touchstart", (event) => {
    release();
    if (event.touches.length !== 1) return;
    const [finger] = event.touches, at = nightAt(finger.clientX, finger.clientY);
    if (at) press(at, finger.clientX, finger.clientY);
  }, { passive: true });
  document.addEventListener("touchmove", (event) => {
    if (!pressed) return;
    const [finger] = event.touches;
    if (chosen) {
      // the finger draws now, and does not scroll
      event.preventDefault();
      extend(nightAt(finger.clientX, finger.clientY));
    } else if (Math.hypot(finger.clientX - pressed.x, finger.clientY - pressed.y) > STRAY) release();
  }, { passive: false });
  document.addEventListener("touchend", (event) => {
    const was = Boolean(pressed && chosen);
    release();
    if (!was) return;
    event.preventDefault();
    take();
  }, { passive: false });
  document.addEventListener("touchcancel", () => { release(); if (chosen) letGo(); });
  document.addEventListener("contextmenu", (event) => { if (pressed || chosen) event.preventDefault(); });

  document.addEventListener("keydown", (event) => {
    if (chosen && event.key === "Escape") {
      event.preventDefault();
      release();
      letGo();
      return;
    }
    const cell = event.target.closest && event.target.closest(".picture a.night");
    if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.shiftKey && event.key.startsWith("Arrow")) {
      if (!chosen) begin({ ...nightOf(cell), within: cell.closest(".picture") });
      // the page moves the focus first
      setTimeout(() => {
        const now = document.activeElement.closest(".picture a.night");
        if (now && chosen) extend({ ...nightOf(now), within: now.closest(".picture") });
      }, 0);
    } else if (chosen && event.key === "Enter") {
      event.preventDefault();
      take();
    } else if (event.key === "b" && !event.shiftKey) {
      event.preventDefault();
      if (!chosen) begin({ ...nightOf(cell), within: cell.closest(".picture") });
      take();
    } else if (chosen && event.key.startsWith("Arrow")) letGo();
  });
})();
