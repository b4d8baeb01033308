(() => {
  "use strict";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const swatches = JSON.parse(document.getElementById("swatches").textContent);
  const charts = new Map();
  let printing = false;

  const paint = (value) => {
    if (!dark.matches || printing) return value;
    if (typeof value === "string") return value.replace(/#[0-9a-f]{6}/g, (c) => swatches[c] || c);
    if (Array.isArray(value)) return value.map(paint);
    if (value && typeof value === "object") {
      const out = {};
      for (const key of Object.keys(value)) out[key] = paint(value[key]);
      return out;
    }
    return value;
  };

  const stamp = (ms) => new Date(ms).toISOString().replace("T", " ").replace("Z", "");
  const parse = (text) => +new Date(String(text).replace(" ", "T") + "Z");

  // Labels of events stand beside each other where there is room, else they share one.
  const measure = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(document.body).fontFamily;
  const widthOf = (text, size) => { measure.font = size + "px " + family; return measure.measureText(text).width; };
  const arrange = (layout, width, range) => {
    const left = layout.margin.l, inner = width - left - layout.margin.r;
    const from = +new Date(range[0].replace(" ", "T") + "Z"), to = +new Date(range[1].replace(" ", "T") + "Z");
    const notes = layout.annotations.filter((a) => /^(event|spell)/.test(a.name || ""));
    notes.forEach((a) => { a.px = (new Date(a.x.replace(" ", "T") + "Z") - from) / (to - from) * inner; });
    notes.sort((a, b) => a.px - b.px);
    let last = null;
    for (const note of notes) {
      note.visible = note.px >= -1 && note.px <= inner + 1;
      if (!note.visible) continue;
      note.text = note.label;
      note.xanchor = "left";
      const size = widthOf(note.text, 11);
      if (last && note.px < last.end + 8) {
        const joined = last.note.text + ", " + note.label;
        const spell = note.name.startsWith("spell") || last.note.name.startsWith("spell");
        const fits = last.start + widthOf(joined, 11) <= inner;
        if (!spell && joined.length < 46 && (fits || last.note.xanchor === "right")) {
          last.note.text = joined;
          last.end = last.start + widthOf(joined, 11);
          note.visible = false;
          continue;
        }
        note.visible = false;
        continue;
      }
      let start = note.px, end = note.px + size;
      if (end > inner) { note.xanchor = "right"; start = note.px - size; end = note.px; }
      if (last && start < last.end + 8) { note.visible = false; continue; }
      last = { note, start, end };
    }
    notes.forEach((a) => { delete a.px; });
  };

  // A phase bears its name where it is long enough on the screen.
  const nameBands = (figure, width) => {
    const [from, to] = figure.layout.xaxis.range.map(parse), inner = width - figure.layout.margin.l - figure.layout.margin.r;
    for (const trace of figure.data) {
      if (trace.meta !== "bands") continue;
      // What is off the screen is cut off, so that the name stands in the middle of what is on it.
      trace.base.forEach((base, n) => {
        const begin = Math.max(parse(base), from), end = Math.min(parse(base) + trace.x[n], to);
        if (end <= begin) { trace.text[n] = ""; return; }
        trace.base[n] = stamp(begin);
        trace.x[n] = end - begin;
        if ((end - begin) / (to - from) * inner < widthOf(trace.text[n], 11) + 8) trace.text[n] = "";
      });
    }
  };

  const fit = (figure, width) => {
    const narrow = width < 620, layout = figure.layout;
    layout.width = width;
    const bands = figure.data.find((trace) => trace.meta === "bands");
    const lanes = bands ? layout["yaxis" + (bands.yaxis || "y").slice(1)].ticktext || [] : [];
    const names = Math.max(0, ...lanes.map((name) => widthOf(name, 11)));
    layout.margin.l = narrow ? Math.min(110, Math.max(40, Math.ceil(names) + 8)) : figure.left;
    layout.margin.r = narrow ? 6 : 14;
    layout.xaxis.nticks = narrow ? 4 : 8;
    layout.dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
    const strip = layout.annotations.find((a) => a.name === "strip");
    for (const note of layout.annotations) {
      if (note.name === "strip") note.visible = narrow;
      if (note.name === "caption" && narrow) {
        note.text = note.label.split(/[:,]/)[0];
        if (strip && note.y === layout["yaxis" + strip.yref.slice(1)].domain[1]) note.yshift = 12;
      }
    }
    if (strip) layout["yaxis" + strip.yref.slice(1)].showticklabels = !narrow;
    if (narrow) {
      for (const trace of figure.data) if (trace.type === "heatmap") trace.ygap = 18;
      for (const box of layout.shapes) {
        if (!(box.name || "").startsWith("ejection")) continue;
        const row = +box.name.split(" ")[1];
        box.y0 = row - 0.28;
        box.y1 = row + 0.28;
      }
    }
    arrange(layout, width, layout.xaxis.range);
    nameBands(figure, width);
    return figure;
  };

  // The narrowest close-up that holds all that is on the screen; else the whole timeline.
  const pick = (chart) => {
    if (!chart.range) return chart.source;
    const [from, to] = chart.range.map(parse);
    const near = chart.closeups.filter((one) => one.from <= from && to <= one.to);
    return near.length ? near.reduce((a, b) => (b.to - b.from < a.to - a.from ? b : a)).source : chart.source;
  };

  const draw = (div) => {
    const chart = charts.get(div.id);
    const figure = JSON.parse(pick(chart));
    const bin = div.closest("figure").querySelector("figcaption .bin");
    if (bin) bin.textContent = figure.layout.meta.bin;
    figure.left = figure.layout.margin.l;
    for (const note of figure.layout.annotations) note.label = note.text;
    figure.layout.xaxis.range = chart.range || figure.layout.xaxis.range;
    for (const trace of figure.data) if (chart.hidden.has(trace.legendgroup)) trace.visible = false;
    // Paper is laid out after the charts: 680 px is what A4 and Letter have between their margins.
    const painted = paint(fit(figure, printing ? 680 : div.clientWidth || 900));
    for (const note of painted.layout.annotations) delete note.label;
    const config = { displaylogo: false, showSendToCloud: false, displayModeBar: false, responsive: false, doubleClick: "reset", showTips: false };
    return Plotly.react(div, painted.data, painted.layout, config);
  };

  const start = (div, script) => {
    const source = script.textContent, whole = JSON.parse(source).layout.xaxis.range;
    const closeups = [...document.querySelectorAll("script.closeup")].filter((one) => one.dataset.chart === div.id).map((one) => {
      const [from, to] = JSON.parse(one.textContent).layout.xaxis.range.map(parse);
      return { from, to, source: one.textContent };
    });
    charts.set(div.id, { source, closeups, whole, range: null, hidden: new Set() });
    const chart = charts.get(div.id);
    draw(div).then(() => {
      div.dataset.drawn = "yes";
      div.on("plotly_relayout", (change) => {
        const range = change["xaxis.range"] || (change["xaxis.range[0]"] && [change["xaxis.range[0]"], change["xaxis.range[1]"]]);
        if (change["xaxis.autorange"]) chart.range = null;
        else if (range) chart.range = range.map((t) => stamp(parse(t)));
        else return;
        draw(div);
      });
      div.on("plotly_doubleclick", () => { chart.range = null; draw(div); return false; });
      div.on("plotly_click", (event) => reveal(event.points.map(anchorOf).find(Boolean)));
      div.on("plotly_clickannotation", (event) => reveal((event.annotation.name || "").split(" ")[1]));
    });
  };

  // What a mark leads to: the last of what it carries along, or what its series is named after.
  const anchorOf = (point) => {
    const meta = point.data.meta;
    return meta === "anchored" ? point.customdata && point.customdata[4] : /^kind-/.test(meta || "") ? meta : null;
  };

  // An event: go to its row and open the lines behind it.
  const reveal = (id) => {
    const row = id && document.getElementById(id);
    if (!row) return;
    const fold = row.closest("details.fold");
    if (fold) fold.open = true;
    const evidence = row.querySelector("details.evidence");
    if (evidence) evidence.open = true;
    for (const other of document.querySelectorAll("tr.found")) other.classList.remove("found");
    row.classList.add("found");
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
  };

  const zoom = (id, how) => {
    const chart = charts.get(id), [low, high] = chart.whole.map(parse);
    let [from, to] = (chart.range || chart.whole).map(parse);
    const span = to - from, middle = (from + to) / 2;
    if (how === "in") { from = middle - span / 4; to = middle + span / 4; }
    if (how === "out") { from = middle - span; to = middle + span; }
    if (how === "left") { from -= span / 2; to -= span / 2; }
    if (how === "right") { from += span / 2; to += span / 2; }
    if (how === "reset" || to - from >= high - low) { chart.range = null; }
    else {
      if (to - from < 2) return;
      if (from < low) { to += low - from; from = low; }
      if (to > high) { from -= to - high; to = high; }
      chart.range = [stamp(from), stamp(to)];
    }
    draw(document.getElementById(id));
    say(chart);
  };

  const say = (chart) => {
    const shown = chart.range || chart.whole;
    document.getElementById("status").textContent = "Showing " + shown[0].slice(11) + " to " + shown[1].slice(11);
  };

  const show = (button) => {
    const div = document.getElementById(button.dataset.chart), chart = charts.get(button.dataset.chart);
    chart.range = [button.dataset.from, button.dataset.to];
    draw(div);
    say(chart);
    div.scrollIntoView({ block: "start" });
  };

  const colourKeys = () => {
    for (const mark of document.querySelectorAll("[data-colour]")) mark.style.setProperty("--k", paint(mark.dataset.colour));
  };

  const drawAll = () => { colourKeys(); for (const id of charts.keys()) draw(document.getElementById(id)); };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.from) show(button);
    if (button.dataset.zoom) zoom(button.dataset.chart, button.dataset.zoom);
    if (button.dataset.group) {
      const hidden = charts.get(button.dataset.chart).hidden, group = button.dataset.group;
      const show = hidden.has(group);
      if (show) hidden.delete(group); else hidden.add(group);
      button.setAttribute("aria-pressed", String(show));
      draw(document.getElementById(button.dataset.chart));
    }
    if (button.dataset.copy) copy(button);
  });

  const copy = async (button) => {
    const text = document.getElementById(button.dataset.copy);
    try { await navigator.clipboard.writeText(text.textContent); }
    catch (error) { getSelection().selectAllChildren(text); document.execCommand("copy"); }
    button.textContent = "Copied";
    document.getElementById("status").textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };

  colourKeys();
  for (const script of document.querySelectorAll("script.figure")) start(document.getElementById(script.dataset.chart), script);

  let pending = 0;
  addEventListener("resize", () => { clearTimeout(pending); pending = setTimeout(drawAll, 120); });
  dark.addEventListener("change", drawAll);
  const opened = [];
  addEventListener("beforeprint", () => {
    printing = true;
    for (const details of document.querySelectorAll("details.evidence:not([open]), details.fold:not([open])")) { details.open = true; opened.push(details); }
    drawAll();
  });
  addEventListener("afterprint", () => {
    printing = false;
    for (const details of opened.splice(0)) details.open = false;
    drawAll();
  });
  const follow = () => { const id = decodeURIComponent(location.hash.slice(1)); if (id.startsWith("event")) { const fold = document.getElementById(id); if (fold && fold.matches("details")) fold.open = true; else reveal(id); } };
  addEventListener("hashchange", follow);
  follow();
})();
