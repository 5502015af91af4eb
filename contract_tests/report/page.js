(() => {
  "use strict";
  const form = document.getElementById("filter");
  const rows = [...document.querySelectorAll(".rules tbody tr")];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const filter = () => {
    const text = form.elements.text.value.trim().toLowerCase();
    const outcome = form.elements.outcome.value;
    const level = form.elements.level.value;
    for (const row of rows) {
      row.hidden = !(
        texts.get(row).includes(text) &&
        (!outcome || row.dataset.outcome === outcome) &&
        (!level || row.dataset.level === level)
      );
    }
    for (const provider of document.querySelectorAll(".provider")) {
      provider.hidden = !provider.querySelector("tbody tr:not([hidden])");
    }
    form.querySelector("output").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rules`;
  };

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    const writing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      form.elements.text.focus();
    } else if (event.key === "Escape" && event.target.form === form) {
      form.reset();
      filter();
    }
  });
  filter();

  // A page from a file has no clipboard API everywhere: a selection can always be copied.
  const copy = async (pre) => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
    } catch {
      getSelection().selectAllChildren(pre);
      document.execCommand("copy");
    }
  };
  for (const box of document.querySelectorAll(".curl")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await copy(box.querySelector("pre"));
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    box.append(button);
  }

  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => (one.open = true)));
})();
