// Conveniences on top of pages that work without any of this.
"use strict";

const root = document.documentElement;
const store = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, value); } catch { /* a browser that keeps nothing forgets the choice */ }
  },
};

// --- light, dark, or as the system has it ---
function showTheme(choice) {
  if (choice === "auto") delete root.dataset.bsTheme;
  else root.dataset.bsTheme = choice;
  for (const button of document.querySelectorAll("[data-theme-choice]"))
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
}
showTheme(store.get("theme") || "auto");

document.addEventListener("click", (event) => {
  const theme = event.target.closest("[data-theme-choice]");
  if (theme) {
    store.set("theme", theme.dataset.themeChoice);
    showTheme(theme.dataset.themeChoice);
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) copyText(copy);
  if (event.target.closest("[data-open-help]")) openDialog("help");
  if (event.target.closest("[data-print]")) window.print();
  for (const menu of document.querySelectorAll("details.menu[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});

// --- copying: the button says that it worked, also to a screen reader ---
async function copyText(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return;
  }
  const words = button.querySelector("[data-copy-words]");
  const before = words.textContent;
  words.textContent = button.dataset.copied;
  setTimeout(() => { words.textContent = before; }, 2000);
}

// --- submit once: a second click while the first is on its way does nothing ---
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sending) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = "true";
  if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
});
function rest(scope) {
  for (const form of scope.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
  for (const button of scope.querySelectorAll('[aria-busy="true"]')) button.removeAttribute("aria-busy");
}
window.addEventListener("pageshow", () => rest(document));
document.addEventListener("htmx:afterRequest", () => rest(document));

// --- an answer that did not come: say so until one comes again ---
const away = document.getElementById("away");
function showAway(isAway) {
  if (away) away.hidden = !isAway;
}
document.addEventListener("htmx:sendError", () => showAway(true));
document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 503) showAway(true); });
document.addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.xhr.status < 500) showAway(false); });

// --- what is wrong comes first ---
function focusErrors(scope) {
  const summary = scope.querySelector("[data-error-summary]");
  if (summary) summary.focus();
}
focusErrors(document);
document.addEventListener("htmx:afterSettle", (event) => focusErrors(event.target));

// --- dialogs ---
function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}
for (const dialog of document.querySelectorAll("dialog"))
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

// --- keys ---
const singleKeys = document.getElementById("single-keys");
if (singleKeys) {
  singleKeys.checked = store.get("single-keys") !== "off";
  singleKeys.addEventListener("change", () => store.set("single-keys", singleKeys.checked ? "on" : "off"));
}
function typing(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
}
function stepRow(step) {
  const rows = [...document.querySelectorAll("[data-row-list] a[data-row], [data-row-list] .row-link")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  rows[next].focus();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape")
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (singleKeys && !singleKeys.checked) return;
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "?") openDialog("help");
  else if (event.key === "j") stepRow(1);
  else if (event.key === "k") stepRow(-1);
});

// --- the palette: every link of the navigation and of the page's head, by a few letters ---
const palette = document.getElementById("palette");
const paletteInput = palette && palette.querySelector("input");
const paletteList = palette && palette.querySelector("ul");
function paletteLinks() {
  const links = new Map();
  for (const link of document.querySelectorAll(".nav-list a, .page-actions a, .crumbs a, [data-row-list] .row-link, .need-what a")) {
    const label = link.querySelector("span") || link;
    if (!links.has(link.href)) links.set(link.href, label.textContent.trim());
  }
  return [...links];
}
function fillPalette() {
  const wanted = paletteInput.value.trim().toLowerCase();
  const found = paletteLinks().filter(([, label]) => label.toLowerCase().includes(wanted)).slice(0, 12);
  paletteList.replaceChildren(...found.map(([href, label], index) => {
    const item = document.createElement("li");
    item.id = `palette-${index}`;
    item.className = "menu-item";
    item.setAttribute("role", "option");
    item.dataset.href = href;
    item.textContent = label;
    item.addEventListener("click", () => { window.location.href = href; });
    return item;
  }));
  choose(0);
}
function choose(index) {
  const items = [...paletteList.children];
  items.forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
  if (items[index]) {
    paletteInput.setAttribute("aria-activedescendant", items[index].id);
    items[index].scrollIntoView({ block: "nearest" });
  } else paletteInput.removeAttribute("aria-activedescendant");
}
function openPalette() {
  if (!palette || palette.open) return;
  paletteInput.value = "";
  fillPalette();
  palette.showModal();
  paletteInput.focus();
}
if (palette) {
  paletteInput.addEventListener("input", fillPalette);
  paletteInput.addEventListener("keydown", (event) => {
    const items = [...paletteList.children];
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") { event.preventDefault(); choose(Math.min(items.length - 1, at + 1)); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(Math.max(0, at - 1)); }
    else if (event.key === "Enter" && items[at]) { event.preventDefault(); window.location.href = items[at].dataset.href; }
  });
}
