// Chart 4: what each vehicle was promised and what it left with.
function promisesChart(day) {
  const missing = (one) => one.promised_kwh - one.held_kwh;
  const short = day.departures.filter((one) => missing(one) > day.kept_within_kwh);
  const kept = day.departures.filter((one) => missing(one) <= day.kept_within_kwh);
  const highest = Math.max(1, ...day.departures.flatMap((one) => [one.promised_kwh, one.held_kwh]));
  const markSize = em(day.departures.length > 500 ? 0.32 : 0.5);
  const box = place("", "promises");
  const key = legend(["dot", token("uncontrolled"), t("arrived")], ["dot", token("plan"), t("kept")],
    ["diamond", token("short"), t("short")]);
  const shown = day.departures.length;
  const all = day.departures_total ?? shown;
  const counts = [
    [t("kept"), number(kept.length)],
    [t("short"), number(short.length), short.length ? "short" : null],
    ...(short.length ? [[t("short_energy"), `${number(sum(short.map(missing)), 2)} kWh`, "short"]] : []),
  ];
  const element = card("narrow", t("promises_title"), badges(day, "synthetic"), t("promises_caption"), figures([
    // A selection says nothing of how many were kept: the table counts them all.
    ...(all > shown ? [[t("departures_shown"), t("of_total", { count: number(shown), total: number(all) })]]
      : [[t("departures_all"), number(shown)], ...counts]),
  ]), key, box);

  const marks = (name, colour, departures, column, more) => ({
    type: "scatter", name, color: colour, symbol: "circle", symbolSize: markSize,
    data: departures.map((one) => ({ value: [one.promised_kwh, one[column]], departure: one })), ...more,
  });
  const draw = () => mount(box, key, t("promises_title"), t("promises_aria"), {
    tooltip: tooltip({
      trigger: "item",
      formatter: ({ data, color }) => tip(data.departure.session_id, [
        [null, t("arrived"), `${number(data.departure.arrival_kwh, 1)} kWh`],
        [null, t("promised"), `${number(data.departure.promised_kwh, 1)} kWh`],
        [color, t("held"), `${number(data.departure.held_kwh, 1)} kWh`],
        ...(missing(data.departure) > day.kept_within_kwh
          ? [[token("short"), t("short"), `${number(missing(data.departure), 2)} kWh`]] : []),
      ]),
    }),
    grid: frame({ bottom: em(3.2) }),
    xAxis: { ...valueAxis(`${t("promised")}, kWh`, 1), min: 0, max: highest * 1.04, nameLocation: "middle",
      nameGap: em(1.9), nameTextStyle: small(), axisLabel: { ...small(), showMaxLabel: false } },
    yAxis: valueAxis(`${t("held")}, kWh`, 1, { min: 0, max: highest * 1.04,
      axisLabel: { ...small(), showMaxLabel: false } }),
    series: [
      marks(t("arrived"), faded("uncontrolled", 0.4), day.departures, "arrival_kwh", { symbolSize: 0.8 * markSize }),
      marks(t("kept"), faded("plan", 0.55), kept, "held_kwh", {
        z: 3, markLine: { symbol: "none", silent: true, animation: false, label: { show: false },
          lineStyle: { color: token("muted"), type: "solid", width: 1 },
          data: [[{ coord: [0, 0] }, { coord: [highest * 1.04, highest * 1.04] }]] },
      }),
      marks(t("short"), faded("short", short.length > 100 ? 0.6 : 0.9), short, "held_kwh",
        { z: 4, symbol: "diamond", symbolSize: short.length > 100 ? 2 * markSize : em(0.75) }),
    ],
  });
  return { element, draw };
}
