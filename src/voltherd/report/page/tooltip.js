// Tooltips, built from nodes as everything else.
function tooltip(more) {
  return {
    confine: true, backgroundColor: token("card"), borderColor: token("line"), padding: [10, 12],
    textStyle: { color: token("ink"), fontSize: em(0.82) }, extraCssText: "border-radius:10px;", ...more,
  };
}

// The interval under the pointer, whatever series lies nearest; `rows` gives [colour, label, value] of it.
function timeTooltip(times, rows) {
  return tooltip({
    trigger: "axis",
    formatter: (items) => {
      const i = Math.min(Math.max(Math.floor((items[0].axisValue - times[0]) / QUARTER), 0), times.length - 2);
      return tip(`${dateAndClock(times[i])} – ${hourLabel(times)(times[i + 1])}`, rows(i));
    },
  });
}

function tip(title, rows) {
  return el("div", { class: "tip" }, el("h4", {}, title), el("dl", {}, rows.map(([colour, label, value]) => {
    const swatch = el("i");
    if (colour) swatch.style.background = colour;
    return [swatch, el("dt", {}, label), el("dd", {}, value)];
  }).flat()));
}
