// Chart 5: the schematic map of the districts with the stations on it.
// In drawing order: the few that can discharge stand on top, a little larger.
const STATION_KINDS = [
  { label: "station_charging", colour: "group-0", symbol: "circle", shape: "dot", swell: 1,
    is: (one) => one.kind !== "swap" && !one.v2g },
  { label: "station_swap", colour: "group-4", symbol: "rect", shape: "area", swell: 1,
    is: (one) => one.kind === "swap" },
  { label: "station_v2g", colour: "group-1", symbol: "triangle", shape: "triangle", swell: 1.4,
    is: (one) => one.kind !== "swap" && one.v2g },
];

function mapChart(day) {
  const box = place("map", "map");
  const through = (one) => one.charged_kwh + one.discharged_kwh;
  const highest = Math.max(1, ...day.stations.map(through));
  const energy = scaleOf("kWh", day.stations.map(through));
  const present = STATION_KINDS.filter((kind) => day.stations.some(kind.is));
  const key = legend(...present.map((kind) => [kind.shape, token(kind.colour), t(kind.label)]));
  let chart = null;
  const zoom = (factor) => chart.dispatchAction({ type: "geoRoam", componentType: "geo", geoIndex: 0, zoom: factor,
    originX: chart.getWidth() / 2, originY: chart.getHeight() / 2 });
  const view = el("div", { class: "map-frame" }, key, box, el("div", { class: "zoom" },
    button({ title: t("zoom_in"), "aria-label": t("zoom_in") }, "+", () => zoom(1.5)),
    button({ title: t("zoom_out"), "aria-label": t("zoom_out") }, "−", () => zoom(1 / 1.5)),
    button({ title: t("zoom_reset"), "aria-label": t("zoom_reset") }, "⟲",
      () => chart.setOption({ geo: { zoom: 1, center: null } }))));
  const element = card("", t("map_title"), badges(day, "synthetic"), t("map_caption"), figures([
    [t("stations"), number(day.stations.length)],
    ...present.map((kind) => [t(kind.label), number(day.stations.filter(kind.is).length)]),
  ]), el("div", { class: "with-map" }, view, stationList(day)));

  const draw = () => {
    const shapes = districtShapes(day.districts);
    echarts.registerMap(`districts-${day.key}`, shapes);
    chart = mount(box, key, t("map_title"), t("map_aria"), {
      tooltip: tooltip({ trigger: "item", formatter: ({ data, color }) => data?.station
        ? stationTip(data.station, color, energy) : "" }),
      geo: {
        map: `districts-${day.key}`, top: em(0.5), bottom: em(1.6), left: em(0.5), right: em(0.5),
        preserveAspect: "contain",
        // One degree of longitude is shorter than one of latitude by the cosine of the latitude.
        aspectScale: Math.cos((middleLatitude(day.districts) * Math.PI) / 180),
        roam: matchMedia("(pointer: fine)").matches ? "move" : false, scaleLimit: { min: 1, max: 12 },
        itemStyle: { areaColor: token("well"), borderColor: faded("muted", 0.4), borderWidth: 1 },
        label: { show: false }, emphasis: { itemStyle: { areaColor: token("accent-soft") }, label: { show: false } },
        select: { disabled: true }, tooltip: { show: false },
      },
      graphic: { type: "text", right: em(0.3), bottom: 0, silent: true,
        style: { text: t("schematic"), fill: token("muted"), fontSize: em(0.76), fontFamily: small().fontFamily } },
      series: [districtNames(day.districts), ...present.map((kind) => ({
        type: "scatter", coordinateSystem: "geo", name: t(kind.label), symbol: kind.symbol,
        itemStyle: { color: token(kind.colour), opacity: 0.78, borderColor: token("card"), borderWidth: 0.8 },
        symbolSize: (_, { data }) => kind.swell * (em(0.26) + em(0.8) * Math.sqrt(through(data.station) / highest)),
        data: day.stations.filter(kind.is).map((one) => ({ value: [one.longitude, one.latitude], station: one })),
      }))],
    });
  };
  return { element, draw };
}

// Districts with one name in several parts become one shape; a ring is closed if it is not.
function districtShapes(districts) {
  const parts = new Map();
  for (const district of districts) {
    const ring = [...district.ring];
    if (String(ring[0]) !== String(ring.at(-1))) ring.push(ring[0]);
    parts.set(district.name.en, [...(parts.get(district.name.en) ?? []), [ring]]);
  }
  return { type: "FeatureCollection", features: [...parts].map(([name, coordinates]) => ({
    type: "Feature", properties: { name }, geometry: { type: "MultiPolygon", coordinates },
  })) };
}

// Names stand above the stations, on a halo, each at the middle of its district's longest ring.
function districtNames(districts) {
  const largest = new Map();
  for (const one of districts) {
    if (one.ring.length > (largest.get(one.name.en)?.ring.length ?? 0)) largest.set(one.name.en, one);
  }
  const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
  return {
    type: "scatter", coordinateSystem: "geo", symbolSize: 0, silent: true, z: 9,
    data: [...largest.values()].map((one) => ({ name: pick(one.name),
      value: [middle(one.ring.map(([x]) => x)), middle(one.ring.map(([, y]) => y))] })),
    label: { show: true, ...small(), color: token("ink"), fontWeight: 600, formatter: ({ name }) => name,
      width: em(9), overflow: "truncate",
      textBorderColor: token("card"), textBorderWidth: 3 },
    labelLayout: { hideOverlap: true },
  };
}

function middleLatitude(districts) {
  const latitudes = districts.flatMap((district) => district.ring.map(([, latitude]) => latitude));
  return (Math.min(...latitudes) + Math.max(...latitudes)) / 2;
}

function stationTip(one, colour, energy) {
  const power = scaleOf("kW", [one.peak_kw, one.import_kw]);
  return tip(pick(one.name) || one.station_id, [
    [colour, t(STATION_KINDS.find((kind) => kind.is(one)).label), one.station_id],
    [null, t("sessions"), number(one.sessions)],
    [null, t("charged"), energy.tell(one.charged_kwh)],
    ...(one.discharged_kwh > 0 ? [[null, t("discharged"), energy.tell(one.discharged_kwh)]] : []),
    [null, t("peak"), power.tell(one.peak_kw)],
    [null, t("limit"), power.tell(one.import_kw)],
    [null, t("load"), percent(one)],
  ]);
}
