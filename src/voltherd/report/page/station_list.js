// The stations whose highest power comes closest to their limit.
const STATIONS_LISTED = 12;

function stationList(day) {
  const load = (one) => (one.import_kw > 0 ? one.peak_kw / one.import_kw : 0);
  const listed = [...day.stations].sort((a, b) => load(b) - load(a) || b.peak_kw - a.peak_kw)
    .slice(0, STATIONS_LISTED);
  return el("div", { class: "loads" }, el("h4", {}, t("loads_title")), el("ol", {}, listed.map((one) => {
    const bar = el("i");
    bar.style.width = `${100 * Math.min(load(one), 1)}%`;
    return el("li", { title: one.station_id },
      el("div", { class: "name" }, el("span", {}, pick(one.name) || one.station_id),
        el("span", {}, `${number(one.peak_kw)} / ${number(one.import_kw)} kW · ${percent(one)}`)),
      el("div", { class: "track" }, bar));
  })));
}

function percent(one) {
  return one.import_kw > 0 ? `${number((100 * one.peak_kw) / one.import_kw, 1)} %` : "–";
}
