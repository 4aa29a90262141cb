// Chart 2: the plan against uncontrolled charging, the difference shaded.
function shiftChart(day) {
  const times = instants(day);
  const net = netOf(day);
  const power = scaleOf("kW", net, day.uncontrolled_kw);
  const low = net.map((value, i) => Math.min(value, day.uncontrolled_kw[i]));
  const added = net.map((value, i) => Math.max(value - day.uncontrolled_kw[i], 0));
  const taken = net.map((value, i) => Math.max(day.uncontrolled_kw[i] - value, 0));
  const energy = scaleOf("kWh", [sum(added) / 4, sum(taken) / 4]);
  const box = place("", "shift");
  const key = legend(["line", token("plan"), t("plan")], ["dashed", token("uncontrolled"), t("uncontrolled")],
    ["area", faded("more", 0.5), t("added")], ["area", faded("less", 0.5), t("taken_away")]);
  const element = card("half", t("shift_title"), badges(day, "synthetic"), t("shift_caption"), figures([
    [t("peak_uncontrolled"), peakOf(day.uncontrolled_kw, times, power)],
    [t("peak_plan"), peakOf(net, times, power)],
    [t("added"), energy.tell(sum(added) / 4)],
    [t("taken_away"), energy.tell(sum(taken) / 4)],
  ]), key, box);

  // Three layers on one stack: an invisible base up to the lower curve, then whichever difference there is.
  const shade = (name, colour, values) => stepLine(name, colour, steps(times, values, power.factor), {
    stack: "difference", stackStrategy: "all", lineStyle: { width: 0 },
    areaStyle: { color: colour, opacity: colour === "transparent" ? 0 : 0.42 }, silent: true,
  });
  const draw = () => mount(box, key, t("shift_title"), t("shift_aria"), {
    tooltip: timeTooltip(times, (i) => [
      [token("plan"), t("plan"), power.tell(net[i])],
      [token("uncontrolled"), t("uncontrolled"), power.tell(day.uncontrolled_kw[i])],
      net[i] >= day.uncontrolled_kw[i] ? [token("more"), t("added"), power.tell(added[i])]
        : [token("less"), t("taken_away"), power.tell(taken[i])],
    ]),
    grid: frame(),
    xAxis: timeAxis(times, { axisLine: { onZero: false, lineStyle: { color: token("line") } } }),
    yAxis: valueAxis(power.unit, power.digits),
    dataZoom: [{ type: "slider", show: false }],
    series: [
      shade("", "transparent", low),
      shade(t("added"), token("more"), added),
      shade(t("taken_away"), token("less"), taken),
      stepLine(t("uncontrolled"), token("uncontrolled"), steps(times, day.uncontrolled_kw, power.factor),
        { lineStyle: DASHED }),
      stepLine(t("plan"), token("plan"), steps(times, net, power.factor)),
    ],
  }, day.key);
  return { element, draw };
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function peakOf(values, times, power) {
  const highest = Math.max(...values);
  return t("peak_at", { power: power.tell(highest), time: clock(times[values.indexOf(highest)]) });
}
