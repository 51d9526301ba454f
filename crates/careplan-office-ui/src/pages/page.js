// What the page can do better with scripts: dropping files, telling how far work is, printing.
// Everything else works without.
"use strict";

// The language switch comes back to this page.
for (const back of document.querySelectorAll("form.language input[name=back]")) {
  back.value = location.pathname + location.search;
}

// Work that takes long: go to the page that shows how far it is, and press once only.
for (const form of document.querySelectorAll("form[data-work]")) {
  const wait = document.createElement("input");
  wait.type = "hidden";
  wait.name = "wait";
  wait.value = "0";
  form.append(wait);
  form.addEventListener("submit", () => {
    // After the form was read: a disabled button would not be sent with it.
    setTimeout(() => {
      for (const button of form.querySelectorAll("button")) button.disabled = true;
    });
  });
}
// Coming back with the browser's button, buttons are there again.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form button")) button.disabled = false;
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

const work = document.getElementById("work");
if (work) {
  document.getElementById("work-again").hidden = true;
  const look = async () => {
    try {
      const answer = await fetch(work.dataset.progress, { cache: "no-store" });
      const state = await answer.json();
      if (!state.running) {
        location.replace("/progress");
        return;
      }
      document.getElementById("work-what").textContent = state.what;
      document.getElementById("work-bytes").textContent = state.bytes;
      const bar = document.getElementById("work-bar");
      bar.hidden = false;
      if (state.share === null) bar.removeAttribute("value");
      else bar.value = state.share;
    } catch {
      // The next look tells.
    }
    setTimeout(look, 400);
  };
  look();
}

const files = document.getElementById("files");
if (files) {
  const drop = document.getElementById("drop");
  const chosen = document.getElementById("chosen");
  document.getElementById("dropping").hidden = false;
  const show = () => {
    chosen.replaceChildren(
      ...Array.from(files.files, (file) => {
        const item = document.createElement("li");
        item.textContent = file.name;
        return item;
      }),
    );
  };
  files.addEventListener("change", show);
  // The files of dropped folders too, but not of folders within: those are other sets.
  const read = async (items) => {
    const found = new DataTransfer();
    const file = (entry) => new Promise((done, failed) => entry.file(done, failed));
    const entries = (reader) => new Promise((done, failed) => reader.readEntries(done, failed));
    for (const entry of items.map((item) => item.webkitGetAsEntry()).filter(Boolean)) {
      if (entry.isFile) {
        found.items.add(await file(entry));
        continue;
      }
      const reader = entry.createReader();
      for (let some = await entries(reader); some.length; some = await entries(reader)) {
        for (const inner of some) if (inner.isFile) found.items.add(await file(inner));
      }
    }
    return found.files;
  };
  let depth = 0;
  const over = (inside) => drop.classList.toggle("over", inside);
  addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth += 1;
    over(true);
  });
  addEventListener("dragleave", () => {
    depth -= 1;
    over(depth > 0);
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", async (event) => {
    event.preventDefault();
    depth = 0;
    over(false);
    const items = Array.from(event.dataTransfer.items).filter((item) => item.kind === "file");
    const dropped = await read(items).catch(() => event.dataTransfer.files);
    if (dropped.length) {
      files.files = dropped;
      show();
      document.querySelector("#choose button").focus();
    }
  });
  document.getElementById("choose").addEventListener("submit", () => {
    document.getElementById("sending").hidden = false;
  });
}
