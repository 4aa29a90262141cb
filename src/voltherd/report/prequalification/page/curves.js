// Charts of what was instructed and what was measured.
function curveChart(curve, name, title, caption, more = {}) {
  const start = marketTime(curve.start);
  const at = (i) => start + i * curve.step_s * 1000;
  const series = (values) => values.map((value, i) => [at(i), value]);
  const box = place(more.kind ?? "", name);
  const key = legend(["line", token("less"), t("instructed")], ["line", token("plan"), t("measured")]);
  const element = card(more.card ?? "", title, badges({ synthetic: true }, "synthetic"), caption, key, box);
  const last = at(curve.measured_mw.length);
  const draw = () => mount(box, key, title, t("curve_aria"), {
    tooltip: tooltip({
      trigger: "axis",
      formatter: (items) => {
        const i = Math.round((items[0].axisValue - start) / curve.step_s / 1000);
        const [asked, given] = [curve.instructed_mw[i], curve.measured_mw[i]];
        const off = asked === null || given === null ? null : given - asked;
        return tip(new Date(at(i)).toISOString().slice(11, 19), [
          [token("less"), t("instructed"), `${number(asked, 3)} MW`],
          [token("plan"), t("measured"), `${number(given, 3)} MW`],
          [null, t("deviation"), `${number(off, 3)} MW`]]);
      },
    }),
    grid: frame(more.zoom ? { bottom: em(4.2) } : {}),
    xAxis: timeAxis([start, last], { axisLine: { onZero: false, lineStyle: { color: token("line") } },
      axisLabel: { ...small(), hideOverlap: true, formatter: (instant) => clock(instant) } }),
    yAxis: valueAxis("MW", 1, { scale: true }),
    dataZoom: more.zoom ? [{ type: "slider", height: em(1.3), bottom: em(0.5), labelFormatter: "",
      borderColor: token("line"), fillerColor: faded("accent", 0.14), handleStyle: { color: token("accent") } },
    { type: "inside", zoomOnMouseWheel: "ctrl" }] : [],
    series: [
      line(t("instructed"), token("less"), series(curve.instructed_mw),
        { step: "end", lineStyle: { color: token("less"), width: 4, opacity: 0.55 }, sampling: "minmax" }),
      line(t("measured"), token("plan"), series(curve.measured_mw),
        { lineStyle: { color: token("plan"), width: 1.5 }, sampling: "minmax" }),
    ],
  });
  return { element, draw };
}
