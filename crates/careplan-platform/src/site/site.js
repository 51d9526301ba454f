// Comfort for pages that work without it: showing a password, and reading the terms in one piece.
"use strict";

// 表示: shows what is typed into a password field.
for (const button of document.querySelectorAll("button[data-shows]")) {
  const field = document.getElementById(button.dataset.shows);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
  // Never sent as readable text, so that the browser does not remember it as one.
  field.form.addEventListener("submit", () => { field.type = "password"; });
}

// The terms: the next part comes when the end of the last one is reached, by scrolling, by keyboard
// or by the link itself. The button works when the end of the whole text was reached. What counts is
// the proof in the form, which only the last part brings.
const terms = document.getElementById("terms");
if (terms) {
  const consent = document.getElementById("consent");
  const state = document.getElementById("terms-state");
  const proof = document.querySelector("[data-proof]");
  let loading = false;

  const wait = () => {
    consent.disabled = false;
    consent.setAttribute("aria-disabled", "true");
    state.textContent = state.dataset.unread;
  };
  const finish = () => {
    consent.removeAttribute("aria-disabled");
    state.textContent = state.dataset.read;
    watcher.disconnect();
  };
  const reached = (mark) => {
    if (mark.hasAttribute("data-end")) finish();
    else load(mark, false);
  };
  // Seen within the frame, not only on the screen.
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) reached(entry.target);
  }, { root: terms, threshold: 0.9 });

  const watch = () => {
    const mark = terms.querySelector("[data-next], [data-end]");
    watcher.observe(mark);
    mark.addEventListener("focus", () => { if (mark.hasAttribute("data-end")) finish(); });
    if (mark.hasAttribute("data-next")) {
      mark.addEventListener("click", (event) => { event.preventDefault(); load(mark, true); });
    }
  };

  async function load(link, chosen) {
    if (loading) return;
    loading = true;
    watcher.unobserve(link);
    try {
      const answer = await fetch(link.href, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const part = page.querySelector("#terms [data-part]");
      // Logged out meanwhile, or something else that only a page can tell.
      if (!answer.ok || !part) { location.assign(link.href); return; }
      const hadFocus = chosen || document.activeElement === link;
      terms.querySelector("[data-more]").before(part);
      terms.querySelector("[data-more]").replaceWith(page.querySelector("#terms [data-more]"));
      proof.value = page.querySelector("[data-proof]").value;
      if (hadFocus) {
        part.tabIndex = -1;
        part.focus({ preventScroll: !chosen });
      }
      loading = false;
      watch();
    } catch {
      // No connection: the link stays and can be pressed again.
      loading = false;
    }
  }

  consent.addEventListener("click", (event) => {
    if (consent.getAttribute("aria-disabled") !== "true") return;
    event.preventDefault();
    terms.focus();
    state.textContent = state.dataset.unread;
  });
  wait();
  watch();
}
