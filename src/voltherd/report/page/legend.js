// The key of a chart as buttons that wrap, take the keyboard and show or hide what they name.
function legend(...entries) {
  return el("div", { class: "legend" }, entries.map(([shape, colour, name]) => {
    const swatch = el("i", { class: shape });
    swatch.style.color = colour;
    return el("button", { type: "button", "aria-pressed": "true", "data-name": name }, swatch, name);
  }));
}

function bindLegend(chart, key) {
  for (const entry of key.children) {
    entry.addEventListener("click", () => {
      entry.setAttribute("aria-pressed", String(entry.getAttribute("aria-pressed") === "false"));
      chart.dispatchAction({ type: "legendToggleSelect", name: entry.dataset.name });
    });
  }
}
