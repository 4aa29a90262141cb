// Chart 1: the price strip over the power of every group, charging up, discharging down.
function powerChart(day) {
  const times = instants(day);
  const net = netOf(day);
  const power = scaleOf("kW", net, day.uncontrolled_kw);
  const twoPrices = day.charge_price.some((value, i) => value !== day.discharge_price[i]);
  const box = place("tall", "power");
  const key = legend(...day.groups.map((group, g) => ["area", groupColour(g), pick(group.name)]),
    ["dashed", token("uncontrolled"), t("uncontrolled")],
    ...(twoPrices ? [["line", token("price-discharge"), t("price_discharge")]] : []));
  const element = card("", t("power_title"), badges(day, "synthetic", "foreign_prices"), t("power_caption"),
    figures(meanPrices(day, net)), key, box);

  const draw = () => mount(box, key, t("power_title"), t("power_aria"), {
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: timeTooltip(times, (i) => [
      [priceColour(day, i), pick(day.price_label), price(day.charge_price[i])],
      ...(twoPrices ? [[token("price-discharge"), t("price_discharge"), price(day.discharge_price[i])]] : []),
      ...day.groups.flatMap((group, g) => groupRows(group, g, i, power)),
      [token("ink"), t("net"), power.tell(net[i])],
      [token("uncontrolled"), t("uncontrolled"), power.tell(day.uncontrolled_kw[i])],
    ]),
    grid: [
      frame({ top: em(1.7), bottom: null, height: "17%" }),
      frame({ top: `${Math.round(17 + 100 * em(4.4) / box.clientHeight)}%`, bottom: em(4.6) }),
    ],
    xAxis: [
      timeAxis(times, { gridIndex: 0, axisLabel: { show: false } }),
      timeAxis(times, { gridIndex: 1, axisLine: { onZero: false, lineStyle: { color: token("line") } } }),
    ],
    yAxis: [
      valueAxis(`${pick(day.price_label)} · ${t("price_axis")}`, 2, { gridIndex: 0, ...priceRange(day),
        nameTruncate: { maxWidth: box.clientWidth - em(3) } }),
      valueAxis(power.unit, power.digits, { gridIndex: 1 }),
    ],
    dataZoom: [{
      type: "slider", xAxisIndex: [0, 1], height: em(1.5), bottom: em(0.4), left: em(3.4), right: em(1.4),
      borderColor: token("line"), fillerColor: faded("accent", 0.12), handleStyle: { color: token("accent") },
      moveHandleStyle: { color: faded("accent", 0.4) }, dataBackground: shadow(), selectedDataBackground: shadow(),
      textStyle: small(), labelFormatter: (value) => clock(value), brushSelect: false,
    }],
    series: [
      priceStrip(day, times),
      ...(twoPrices ? [stepLine(t("price_discharge"), token("price-discharge"), steps(times, day.discharge_price, 1),
        { xAxisIndex: 0, yAxisIndex: 0, lineStyle: { width: 1.6 } })] : []),
      ...day.groups.flatMap((group, g) => [
        layer(group, g, times, group.charge_kw, power.factor),
        layer(group, g, times, group.discharge_kw, power.factor),
      ]),
      stepLine(t("uncontrolled"), token("uncontrolled"), steps(times, day.uncontrolled_kw, power.factor),
        { xAxisIndex: 1, yAxisIndex: 1, z: 5, lineStyle: DASHED,
          markLine: { symbol: "none", silent: true, label: { show: false }, animation: false,
            lineStyle: { color: token("muted"), width: 1, type: "solid" }, data: [{ yAxis: 0 }] } }),
    ],
  }, day.key);
  return { element, draw };
}

function netOf(day) {
  return day.uncontrolled_kw.map((_, i) =>
    day.groups.reduce((sum, group) => sum + group.charge_kw[i] + group.discharge_kw[i], 0));
}

function groupRows(group, g, i, power) {
  const rows = [[groupColour(g), `${pick(group.name)}, ${t("charging")}`, power.tell(group.charge_kw[i])]];
  if (group.discharge_kw[i] < 0) {
    rows.push([groupColour(g), `${pick(group.name)}, ${t("discharging")}`, power.tell(group.discharge_kw[i])]);
  }
  return rows;
}

// Bars without gaps, each over its whole interval: stacked step lines would be drawn with slanting steps.
function layer(group, g, times, values, factor) {
  return {
    type: "bar", name: pick(group.name), stack: "power", xAxisIndex: 1, yAxisIndex: 1, silent: true,
    barWidth: "100%", barCategoryGap: 0, emphasis: { disabled: true },
    itemStyle: { color: groupColour(g) },
    data: values.map((value, i) => [times[i] + QUARTER / 2, scaled(value, factor)]),
  };
}

function priceColour(day, i) {
  const value = day.charge_price[i];
  if (value < 0) return token("price-negative");
  const highest = Math.max(...day.charge_price), lowest = Math.max(0, Math.min(...day.charge_price));
  return between("price-low", "price-high", highest > lowest ? (value - lowest) / (highest - lowest) : 0);
}

// The strip is low: it has room for its ends, and for zero where prices fall below it.
function priceRange(day) {
  const all = [...day.charge_price, ...day.discharge_price];
  const max = Math.ceil(10 * Math.max(0.1, ...all)) / 10, lowest = Math.min(0, ...all);
  const below = -lowest > 0.25 * max; // far enough under zero for a mark of its own
  const min = below ? Math.floor(10 * lowest) / 10 : lowest;
  const marks = below ? [min, 0, max] : [0, max];
  return { min, max, splitLine: { show: false },
    axisLabel: { ...small(), customValues: marks, formatter: (value) => number(value, value ? 2 : 0) } };
}

// Height and warmth both tell the price, so that neither sight nor print loses it.
function priceStrip(day, times) {
  return {
    type: "custom", name: t("price_axis"), xAxisIndex: 0, yAxisIndex: 0, clip: true, encode: { x: 0, y: 1 },
    data: day.charge_price.map((value, i) => [times[i], value]),
    renderItem: (params, api) => {
      const i = params.dataIndex;
      const [from, zero] = api.coord([times[i], 0]);
      const [to, top] = api.coord([times[i + 1], day.charge_price[i]]);
      const [left, right] = [Math.round(from), Math.round(to)]; // whole pixels: no seams between neighbours
      const shape = echarts.graphic.clipRectByRect(
        { x: left, y: Math.min(zero, top), width: right - left, height: Math.abs(zero - top) },
        params.coordSys);
      return shape && { type: "rect", shape, style: { fill: priceColour(day, i) } };
    },
  };
}

function shadow() {
  return { lineStyle: { color: token("line") }, areaStyle: { color: token("line") } };
}

function meanPrices(day, net) {
  const mean = (weights, prices) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return total > 0 ? prices.reduce((sum, value, i) => sum + value * weights[i], 0) / total : null;
  };
  const drawn = net.map((_, i) => day.groups.reduce((sum, group) => sum + group.charge_kw[i], 0));
  const fed = net.map((_, i) => day.groups.reduce((sum, group) => sum - group.discharge_kw[i], 0));
  const received = mean(fed, day.discharge_price);
  const told = (value) => `${price(value)} ${t("price_axis")}`;
  return [
    [t("mean_price_uncontrolled"), told(mean(day.uncontrolled_kw, day.charge_price))],
    [t("mean_price_plan"), told(mean(drawn, day.charge_price))],
    ...(received === null ? [] : [[t("mean_price_discharge"), told(received)]]),
  ];
}
