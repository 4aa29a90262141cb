// An hour of full capability: its first minute second by second, and the whole of it.
function stepChart(step, name) {
  const box = place("", name);
  const key = legend(["line", token("plan"), t("given")], ["dashed", token("uncontrolled"), t("awarded")]);
  const element = card("half", pick(step.title), badges({ synthetic: true }, "synthetic"), t("step_caption"), key, box);
  const points = step.seconds.map((second, i) => [second, step.given_mw[i]]);
  const axis = (index, most, unit) => ({ type: "value", gridIndex: index, min: 0, max: most, interval: most / 4,
    axisLine: { lineStyle: { color: token("line") } }, axisTick: { show: false }, splitLine: { show: false },
    axisLabel: { ...small(), formatter: (value) => `${number(value / (unit === "minutes" ? 60 : 1))} ${t(unit)}` } });
  const curves = (index, data) => [
    line(t("given"), token("plan"), data, { xAxisIndex: index, yAxisIndex: index, clip: true }),
    line(t("awarded"), token("uncontrolled"), [[0, step.awarded_mw], [3600, step.awarded_mw]],
      { xAxisIndex: index, yAxisIndex: index, clip: true, lineStyle: { color: token("uncontrolled"), ...DASHED } }),
  ];
  const value = (index) => valueAxis("MW", 1, { gridIndex: index });
  const draw = () => mount(box, key, pick(step.title), t("step_aria"), {
    tooltip: tooltip({ trigger: "axis", formatter: (items) => tip(
      `${number(items[0].axisValue)} ${t("seconds")}`, items.map((item) =>
        [item.color, item.seriesName, `${number(item.value[1], 3)} MW`])) }),
    grid: [{ left: em(3.4), width: "36%", top: em(1.9), bottom: em(1.8) },
      { right: em(1.6), width: "42%", top: em(1.9), bottom: em(1.8) }],
    xAxis: [axis(0, 60, "seconds"), axis(1, 3600, "minutes")],
    yAxis: [value(0), value(1)],
    series: [...curves(0, points.filter(([second]) => second <= 60)), ...curves(1, points)],
  });
  return { element, draw };
}
