// One case of the report: its figures, charts, tables and remarks, in reading order.
function casePanel(day) {
  const drawn = [powerChart(day), shiftChart(day), energyChart(day), promisesChart(day),
    ...(day.stations.length && day.districts.length ? [mapChart(day)] : [])];
  const [power, shift, energy, promises, map] = drawn.map((chart) => chart.element);
  const element = el("article", { class: "case", role: "tabpanel", id: `case-${day.key}`, "data-case": day.key },
    lead(day), headline(day), power, shift, energy, promises, comparison(day), map ?? null,
    day.statements.length ? statements(day) : null,
    el("div", { class: "remarks" }, remarks(t("notes_title"), day.notes),
      remarks(t("repairs_title"), day.repairs), remarks(t("sources_title"), day.sources)));
  return { element, draw: () => drawn.forEach((chart) => chart.draw()) };
}

function lead(day) {
  return el("div", { class: "lead" },
    el("p", { class: "day" }, `${t("market_day")} ${wholeDate(day.day)} · ${t("market_time")}`),
    el("h2", {}, pick(day.title), badges(day, "synthetic", "foreign_prices")), el("p", {}, pick(day.summary)));
}

function headline(day) {
  return el("section", { class: "headline" },
    el("h3", {}, t("headline"), badges(day, "synthetic", "foreign_prices")),
    el("dl", {}, day.headline.map((row) =>
      el("div", { class: row.strong ? "strong" : null }, el("dt", {}, pick(row.label)),
        el("dd", {}, row.plan, " ", el("small", {}, pick(row.unit)))))));
}

function remarks(title, texts) {
  if (!texts.length) return null;
  return el("section", { class: "card" }, el("h3", {}, title),
    el("ul", {}, texts.map((text) => el("li", {}, linked(pick(text))))));
}
