// The page is rendered by the server. This refreshes what is marked data-live when something happens, sends forms and
// buttons marked data-call to the control plane as JSON, and tells the time between refreshes.

const $ = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// -- refreshing ------------------------------------------------------------------------------------------------------

// Makes `old` like `fresh` and keeps what is the same, so that focus, scrolling and open details stay. Children with an
// id are found by it.
function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  let here = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const known = next.id && [...old.children].find((child) => child.id === next.id);
    if (known && known !== here) old.insertBefore(known, here);
    const match = known || here;
    if (match && match.nodeName === next.nodeName && (match.id || "") === (next.id || "")) {
      if (match.nodeType === Node.ELEMENT_NODE) morph(match, next);
      else if (match.nodeValue !== next.nodeValue) match.nodeValue = next.nodeValue;
      here = match.nextSibling;
    } else {
      old.insertBefore(next, here);
    }
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
}

async function refresh() {
  const address = location.href;
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (answer.status === 401) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (address !== location.href) return;
  for (const region of all("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (next) morph(region, document.importNode(next, true));
  }
  settle();
}

// At most one refresh at a time and five a second, however much happens; the last event is never lost.
let paused = false, wanted = false, busy = false;
async function soon() {
  wanted = true;
  if (busy || paused) return;
  busy = true;
  while (wanted && !paused) {
    wanted = false;
    await refresh().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  busy = false;
}

function listen() {
  const events = new EventSource("/_mock/events");
  let told = true;
  for (const name of ["request", "change", "lost"]) events.addEventListener(name, soon);
  events.addEventListener("open", () => { if (!told) { told = true; toast("The mock is back."); soon(); } });
  events.addEventListener("error", () => { if (told) { told = false; toast("The mock does not answer. Is it running?"); } });
}

async function go(address) {
  history.pushState(null, "", address);
  await refresh();
}

// -- the clock -------------------------------------------------------------------------------------------------------

let heard = { now: 0, at: 0, frozen: true };
function settle() {
  const time = $("now");
  if (!time) return;
  heard = { now: Number(time.dataset.now), at: performance.now(), frozen: time.dataset.frozen === "true" };
  for (const code of all("[data-origin]")) code.textContent = location.origin;
  tick();
}

const now = () => heard.now + (heard.frozen ? 0 : (performance.now() - heard.at) / 1000);

function span(seconds) {
  const unit = seconds >= 7200 ? [3600, "h"] : seconds >= 60 ? [60, "min"] : [1, "s"];
  return `${Math.ceil(seconds / unit[0])} ${unit[1]}`;
}

function tick() {
  const time = now();
  $("now").textContent = new Date(time * 1000).toISOString().slice(0, 19).replace("T", " ");
  for (const budget of all("[data-reset]")) {
    const left = Number(budget.dataset.reset) - time;
    if (left <= 0) { soon(); continue; }
    budget.querySelector("[data-until]").textContent = span(left);
    budget.querySelector("[data-time]").setAttribute("width", `${Math.min(100, (100 * left) / Number(budget.dataset.window))}%`);
  }
}

// -- calling the control plane ---------------------------------------------------------------------------------------

function toast(text) {
  const line = document.createElement("p");
  line.textContent = text;
  $("toasts").append(line);
  setTimeout(() => line.remove(), 4000);
}

function confirmed(question) {
  const dialog = $("confirm");
  $("confirm-says").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

async function call(line, body) {
  const [method, address] = line.split(" ");
  const request = { method, headers: {} };
  if (body !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  const answer = await fetch(address, request);
  const said = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(said.detail || `${answer.status}`);
  return said;
}

async function finish(element, said) {
  if (said && said.key && said.digest) reveal(said.key);
  if (element.dataset.then === "open") return go(link({ open: said.id }));
  if (element.dataset.then === "account") return location.assign(`?account=${encodeURIComponent(said.id)}`);
  if ("home" in element.dataset) return location.assign("/_mock/");
  await refresh();
}

function reveal(raw) {
  $("raw").textContent = raw;
  $("reveal").showModal();
  $("reveal").addEventListener("close", () => { $("raw").textContent = ""; }, { once: true });
}

const link = (values) => {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) value ? query.set(name, value) : query.delete(name);
  return `?${query}`;
};

// A form as JSON: a dot in a name makes an object, empty fields are left out or, where marked so, null.
function body(form) {
  const made = {};
  const put = (name, value) => {
    const [first, rest] = name.split(".");
    if (rest) (made[first] ??= {})[rest] = value;
    else made[first] = value;
  };
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.closest("[hidden]")) continue;
    const { name, dataset } = field;
    if ("list" in dataset) { made[name] ??= []; if (field.checked) made[name].push(field.value); }
    else if ("choice" in dataset) Object.assign(made, field.value ? { [field.value.split(" ")[0]]: field.value.split(" ")[1] } : {});
    else if ("truth" in dataset) put(name, true);
    else if (field.type === "checkbox") put(name, field.checked);
    else if (field.type === "radio") continue;
    else if (field.value === "") { if ("null" in dataset) put(name, null); }
    else if ("moment" in dataset) put(name, new Date(`${field.value}Z`).getTime() / 1000 - now());
    else if ("percent" in dataset) put(name, Number(field.value) / 100);
    else put(name, "number" in dataset ? Number(field.value) : field.value);
  }
  return made;
}

function fill(form, values, prefix = "") {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements[prefix + name];
    if (value && typeof value === "object") fill(form, value, `${name}.`);
    else if (field && field.type === "checkbox") field.checked = value;
    else if (field) field.value = value ?? "";
  }
}

function open(button) {
  const dialog = $(button.dataset.open), form = dialog.querySelector("form");
  form.reset();
  depend(form);
  form.querySelector(".problem").hidden = true;
  fill(form, JSON.parse(button.dataset.fill || "{}"));
  if (button.dataset.address) form.dataset.call = button.dataset.address;
  dialog.showModal();
}

async function copy(id) {
  const source = $(id);
  try {
    await navigator.clipboard.writeText(source.textContent);
    toast("Copied.");
  } catch {
    // Pages that are not on loopback or HTTPS may not write the clipboard.
    getSelection().selectAllChildren(source);
    toast("Selected; copy it with Ctrl+C.");
  }
}

async function press(button) {
  if (button.dataset.confirm && !(await confirmed(button.dataset.confirm))) return;
  try {
    await finish(button, await call(button.dataset.call, button.dataset.body ? JSON.parse(button.dataset.body) : undefined));
  } catch (problem) {
    toast(problem.message);
  }
}

async function submit(form) {
  const problem = form.querySelector(".problem");
  problem.hidden = true;
  try {
    const said = await call(form.dataset.call, body(form));
    form.closest("dialog")?.close();
    await finish(form, said);
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

// Where the request stands in the list's place, it begins at the top.
function arrive() {
  if (matchMedia("(max-width: 67.99rem)").matches) scrollTo(0, 0);
}

// -- what a person does ----------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-call]:not(form), [data-open], [data-close], [data-copy], [data-pause], [data-swap]");
  if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { dataset } = target;
  if ("swap" in dataset) { event.preventDefault(); go(target.href).then(arrive); }
  else if ("open" in dataset) open(target);
  else if ("close" in dataset) target.closest("dialog").close();
  else if ("copy" in dataset) copy(dataset.copy);
  else if ("pause" in dataset) {
    paused = !paused;
    target.setAttribute("aria-pressed", paused);
    if (!paused) soon();
  } else press(target);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id === "filters") { event.preventDefault(); go(link(Object.fromEntries(new FormData(form)))); }
  else if ("call" in form.dataset) { event.preventDefault(); submit(form); }
});

let typing;
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.id === "filters") {
    clearTimeout(typing);
    typing = setTimeout(() => form.requestSubmit(), event.target.type === "search" ? 200 : 0);
  } else if ("go" in event.target.dataset) form.requestSubmit();
  else if (form) depend(form);
});

// Fields that belong to a choice ("effect=delay") are there only with it; options of a provider only with that provider.
function depend(form) {
  const chosen = new FormData(form);
  for (const part of all("[data-when]", form)) {
    const [name, value] = part.dataset.when.split("=");
    part.hidden = chosen.get(name) !== value;
    for (const field of [part, ...all("input, select", part)]) field.disabled = part.hidden;
  }
  const where = form.elements.where?.selectedOptions[0]?.dataset.provider, list = form.elements.refusal;
  if (!list) return;
  for (const option of list.options) option.hidden = option.disabled = option.dataset.provider !== where;
  if (list.selectedOptions[0]?.dataset.provider !== where) list.value = [...list.options].find((option) => !option.disabled).value;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const writing = event.target.matches("input, select, textarea");
  if (event.key === "/" && !writing) { event.preventDefault(); document.querySelector("[type=search]")?.focus(); return; }
  if (event.key === "Escape") { writing ? event.target.blur() : document.querySelector(".close")?.click(); return; }
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  const rows = all(".requests a");
  if (!step || writing || !rows.length || event.target.closest("pre, .exchange")) return;
  event.preventDefault();
  const at = rows.findIndex((row) => row === document.activeElement || row.ariaCurrent);
  rows[Math.min(rows.length - 1, Math.max(0, at + step))].focus();
});

addEventListener("popstate", refresh);
all("form[data-call]").forEach(depend);
settle();
setInterval(tick, 250);
listen();
