// Chart 3: energy in the plugged-in batteries, between what the promises need and what they can hold.
function energyChart(day) {
  const times = instants(day).slice(1);
  const energy = scaleOf("kWh", day.battery_full_kwh, day.battery_kwh, day.battery_uncontrolled_kwh);
  const points = (values) => times.map((time, i) => [time, scaled(values[i], energy.factor)]);
  const room = day.battery_full_kwh.map((value, i) => Math.max(value - day.battery_least_kwh[i], 0));
  const box = place("", "energy");
  const key = legend(["line", token("plan"), t("plan")], ["dashed", token("uncontrolled"), t("uncontrolled")],
    ["line", token("short"), t("least")], ["area", faded("accent", 0.25), t("room")]);
  const element = card("half", t("energy_title"), badges(day, "synthetic"), t("energy_caption"), key, box);

  const band = (name, values, opacity) => line(name, token("accent"), points(values), {
    stack: "band", lineStyle: { width: 0 }, areaStyle: { color: token("accent"), opacity }, silent: true,
  });
  const draw = () => mount(box, key, t("energy_title"), t("energy_aria"), {
    tooltip: timeTooltip(instants(day), (i) => [
      [faded("accent", 0.35), t("full"), energy.tell(day.battery_full_kwh[i])],
      [token("plan"), t("plan"), energy.tell(day.battery_kwh[i])],
      [token("uncontrolled"), t("uncontrolled"), energy.tell(day.battery_uncontrolled_kwh[i])],
      [token("short"), t("least"), energy.tell(day.battery_least_kwh[i])],
    ]),
    grid: frame(),
    xAxis: timeAxis(instants(day)),
    yAxis: valueAxis(energy.unit, energy.digits),
    dataZoom: [{ type: "slider", show: false }],
    series: [
      band("", day.battery_least_kwh, 0),
      band(t("room"), room, 0.16),
      line(t("least"), token("short"), points(day.battery_least_kwh), { lineStyle: { width: 1.4 } }),
      line(t("uncontrolled"), token("uncontrolled"), points(day.battery_uncontrolled_kwh), { lineStyle: DASHED }),
      line(t("plan"), token("plan"), points(day.battery_kwh), { lineStyle: { width: 2.4 } }),
    ],
  }, day.key);
  return { element, draw };
}
