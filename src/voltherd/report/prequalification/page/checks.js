// The table of tests, group by group.
function checksTable() {
  const heads = [["test", "text"], ["value"], ["threshold"], ["result", "result"], ["source", "text source"]];
  const body = [];
  let group = null;
  for (const row of report.checks) {
    if (row.group.en !== group) {
      group = row.group.en;
      body.push(el("tr", {}, el("th", { scope: "rowgroup", colspan: heads.length }, pick(row.group))));
    }
    const kind = row.passed === null ? "shown" : row.passed ? "passed" : "failed";
    const mark = { shown: "· ", passed: "✓ ", failed: "✗ " }[kind];
    body.push(el("tr", {},
      el("th", { scope: "row", class: "text" }, pick(row.name)), el("td", {}, row.value), el("td", {}, row.threshold),
      el("td", { class: `result ${kind}` }, mark + t(kind)),
      el("td", { class: "text source" }, pick(row.source), row.threshold || row.is_assumed ? ` (${pick(row.confidence)})` : "")));
  }
  return el("section", { class: "card long checks" },
    el("h3", {}, t("checks_title"), badges({ synthetic: true }, "synthetic")),
    el("p", { class: "caption" }, t("checks_caption")),
    el("div", { class: "scroll", tabindex: "0" }, el("table", {},
      el("thead", {}, el("tr", {}, heads.map(([name, kind]) => el("th", { scope: "col", class: kind }, t(name))))),
      el("tbody", {}, body))));
}

function headsTable() {
  return el("section", { class: "card long" }, el("h3", {}, t("heads_title")),
    el("p", { class: "caption" }, t("heads_caption")),
    el("div", { class: "scroll", tabindex: "0" }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "text" }, t("stream")),
        el("th", { scope: "col" }, t("entries")), el("th", { scope: "col", class: "text" }, "SHA-256"))),
      el("tbody", {}, report.heads.map(([stream, entries, hash]) => el("tr", {},
        el("th", { scope: "row", class: "text" }, stream), el("td", {}, number(entries)),
        el("td", { class: "text hash" }, hash)))))));
}
