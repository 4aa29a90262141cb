// The day in figures, and the statements, which a click on a heading sorts.
function comparison(day) {
  const heads = ["quantity", "uncontrolled", "plan", "unit"];
  return card("broad", t("table_title"), badges(day, "synthetic", "foreign_prices"), t("table_caption"),
    el("div", { class: "scroll", tabindex: "0" }, el("table", { class: "comparison" },
      el("thead", {}, el("tr", {}, heads.map((key) =>
        el("th", { scope: "col", class: { quantity: "text", unit: "text unit" }[key] }, t(key))))),
      el("tbody", {}, day.table.map((row) => el("tr", { class: row.strong ? "strong" : null },
        el("th", { scope: "row", class: "text" }, pick(row.label), " ", el("small", {}, pick(row.unit))),
        el("td", {}, row.uncontrolled),
        el("td", { class: "planned" }, row.plan), el("td", { class: "unit" }, pick(row.unit))))))));
}

const TEXT_COLUMNS = ["session_id", "station_id"];
const TIME_COLUMNS = ["arrival", "departure"];
const ENERGY_COLUMNS = ["charged_kwh", "discharged_kwh"];
const MONEY_COLUMNS = ["uncontrolled_bill_cny", "energy_bill_cny", "discharge_pay_cny", "wear_cny", "owner_gain_cny",
  "operator_gain_cny"];
const STATEMENT_COLUMNS = [...TEXT_COLUMNS, ...TIME_COLUMNS, ...ENERGY_COLUMNS, ...MONEY_COLUMNS];

function statements(day) {
  const body = el("tbody");
  const heads = STATEMENT_COLUMNS.map((column) => {
    const head = el("th", { scope: "col", class: TEXT_COLUMNS.includes(column) ? "text" : null },
      button({}, t(column), () => sortBy(head, column)));
    return head;
  });
  const fill = (lines) => body.replaceChildren(...lines.map((one) => el("tr", {}, STATEMENT_COLUMNS.map((column) =>
    el("td", TEXT_COLUMNS.includes(column) ? { class: "text id", title: one[column] } : {}, cell(one, column))))));
  const sortBy = (head, column) => {
    const descending = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sign = descending ? -1 : 1;
    fill([...day.statements].sort((a, b) => sign * compare(order(a, column), order(b, column))));
  };
  fill(day.statements);
  return card("long", t("statements_title"), badges(day, "synthetic", "foreign_prices"),
    t("statements_caption", { count: number(day.statements.length), total: number(day.statements_total) }),
    el("div", { class: "scroll", tabindex: "0" },
      el("table", { class: "sortable" }, el("thead", {}, el("tr", {}, heads)), body)));
}

// Amounts arrive rounded, as text, and are shown as they are: nothing is rounded twice.
function cell(one, column) {
  if (TIME_COLUMNS.includes(column)) return dateAndClock(marketTime(one[column]));
  if (ENERGY_COLUMNS.includes(column)) return number(one[column], 2);
  return one[column];
}

function order(one, column) {
  if (TEXT_COLUMNS.includes(column)) return one[column];
  return TIME_COLUMNS.includes(column) ? marketTime(one[column]) : Number(one[column]);
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
