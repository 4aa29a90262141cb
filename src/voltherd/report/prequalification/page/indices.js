// m and PJM's score, hour by hour, and the table under them.
function indicesChart() {
  const hours = report.hours;
  const box = place("", "indices");
  const key = legend(["area", token("plan"), t("m")], ["area", token("more"), t("pjm")]);
  const columns = [["hour", (one) => one.clock, "text"], ["capacity", (one) => number(one.capacity_mw, 2)],
    ["m", (one) => number(one.m, 3)], ["m_rate", (one) => number(one.m_rate, 2)],
    ["m_delay", (one) => number(one.m_delay, 3)], ["m_error", (one) => number(one.m_error, 3)],
    ["k", (one) => number(one.k, 3)], ["pjm", (one) => number(one.pjm, 3)],
    ["delay_s", (one) => number(one.delay_s, 2)], ["error_percent", (one) => number(one.error_percent, 2)],
    ["mileage", (one) => number(one.mileage_mw, 1)]];
  const rows = el("div", { class: "scroll", tabindex: "0" }, el("table", {},
    el("thead", {}, el("tr", {}, columns.map(([name, , kind]) => el("th", { scope: "col", class: kind }, t(name))))),
    el("tbody", {}, hours.map((one) => el("tr", {}, columns.map(([, cell, kind]) => el("td", { class: kind }, cell(one))))))));
  const element = card("", t("hours_title"), badges({ synthetic: true }, "synthetic"), t("hours_caption"), key, box, rows);
  const names = hours.map((one) => one.clock);
  const bars = (name, colour, values, axis, target) => ({
    type: "bar", name, data: values, xAxisIndex: axis, yAxisIndex: axis, barMaxWidth: em(2.6),
    itemStyle: { color: colour, borderRadius: [3, 3, 0, 0] },
    label: { show: true, position: "insideTop", color: token("card"), fontSize: em(0.74), formatter: ({ value }) => number(value, 2) },
    markLine: target === null ? undefined : { symbol: "none", silent: true, data: [{ yAxis: target }],
      label: { show: false }, lineStyle: { color: token("ink"), type: [5, 4], width: 1.4 } },
  });
  const axis = (index) => ({ type: "category", gridIndex: index, data: names, axisTick: { show: false },
    axisLine: { lineStyle: { color: token("line") } }, axisLabel: small() });
  const draw = () => mount(box, key, t("hours_title"), t("hours_aria"), {
    tooltip: tooltip({ trigger: "item", formatter: ({ dataIndex }) => {
      const one = hours[dataIndex];
      return tip(one.clock, [[token("plan"), t("m"), number(one.m, 3)], [null, t("m_rate"), number(one.m_rate, 2)],
        [null, t("m_delay"), number(one.m_delay, 3)], [null, t("m_error"), number(one.m_error, 3)],
        [token("more"), t("pjm"), number(one.pjm, 3)], [null, t("k"), number(one.k, 3)]]);
    } }),
    grid: [{ left: em(3.4), width: "40%", top: em(1.9), bottom: em(1.8) },
      { right: em(1.4), width: "40%", top: em(1.9), bottom: em(1.8) }],
    xAxis: [axis(0), axis(1)],
    yAxis: [valueAxis("m", 1, { gridIndex: 0, min: 0, max: 2 }), valueAxis("PJM", 1, { gridIndex: 1, min: 0, max: 1 })],
    series: [bars(t("m"), token("plan"), hours.map((one) => one.m), 0, report.target_m),
      bars(t("pjm"), token("more"), hours.map((one) => one.pjm), 1, report.target_pjm)],
  });
  return { element, draw };
}
