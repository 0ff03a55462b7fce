"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const charts = new Map(data.charts.map((chart) => [chart.id, chart]));
  const narrow = () => window.innerWidth < 640;
  document.documentElement.classList.add("js");

  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  let printing = false;
  const coloured = (figure) => !scheme.matches || printing ? figure
    : JSON.parse(JSON.stringify(figure).replace(/"#[0-9a-f]{6}"/g, (colour) => `"${data.dark[colour.slice(1, -1)] || colour.slice(1, -1)}"`));

  // The tables of weeks are the page's only copy of their numbers; they stand latest first, charts and files want the oldest first.
  const NUMBERS = new Set(["observed", "expected", "upper", "p_value", "smoothed", "season"]);
  const columnsOf = (table) => {
    const rows = [...table.tBodies[0].rows].reverse();
    return Object.fromEntries([...table.tHead.rows[0].cells].map((head, index) => {
      const texts = rows.map((row) => row.cells[index].textContent.trim());
      return [head.dataset.key, NUMBERS.has(head.dataset.key) ? texts.map((text) => text === "" ? null : Number(text)) : texts];
    }));
  };
  const bound = (figure, chart) => {
    if (chart.table && !chart.columns) chart.columns = columnsOf(document.getElementById(chart.table));
    return figure.data.map((trace) =>
      trace.meta ? { ...trace, x: chart.columns[trace.meta.x], y: chart.columns[trace.meta.y] } : { ...trace });
  };

  const fitted = (figure) => {
    const layout = structuredClone(figure.layout);
    if (!narrow()) return layout;
    for (const label of layout.annotations || []) Object.assign(label, { text: `<b>${label.name}</b>`, xanchor: "center", xshift: 0 });
    for (const shape of layout.shapes || []) if (shape.label) shape.label.textangle = -90;
    // Two entries of the legend fit beside each other, and each row of them is 20 pixels high.
    const rows = Math.ceil(figure.data.filter((trace) => trace.showlegend !== false).length / 2);
    const more = Math.max(24, 20 * rows - 28);
    layout.margin = { ...layout.margin, l: 30, r: 8, b: layout.margin.b + more };
    layout.height += more;
    layout.title.font.size = 13;
    layout.legend.font = { size: 11 };
    layout.xaxis.nticks = 5;
    return layout;
  };

  const wordless = (trace) => !narrow() ? trace
    : { ...trace, name: trace.name.split(" (")[0], ...(trace.mode === "markers+text" ? { mode: "markers" } : {}) };

  // A view box lets the style sheet scale the drawing when the page is printed at another width.
  const scalable = (element) => {
    for (const svg of element.querySelectorAll("svg.main-svg")) {
      const width = svg.getAttribute("width"), height = svg.getAttribute("height");
      if (width && height) svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    }
  };

  const draw = (element) => {
    const chart = charts.get(element.id), figure = coloured(chart.figure);
    const options = { displayModeBar: false, responsive: false, showTips: false };
    return Plotly.react(element, bound(figure, chart).map(wordless), { ...fitted(figure), width: element.clientWidth }, options)
      .then(() => scalable(element));
  };

  // One after the other, so that a page of many charts answers while it draws; all at once where paper waits.
  const elements = [...document.querySelectorAll(".chart")];
  const drawAll = (now = false) =>
    (now ? Promise.all(elements.map(draw)) : elements.reduce((before, element) => before.then(() => draw(element)), Promise.resolve()))
      .then(() => { document.documentElement.dataset.drawn = `${window.innerWidth} ${scheme.matches && !printing ? "dark" : "light"}`; });

  scheme.addEventListener("change", () => drawAll());
  for (const [moment, now] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(moment, () => {
      printing = now;
      if (scheme.matches) drawAll(true);
    });
  }

  let width = window.innerWidth, waiting = 0;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(() => drawAll(), 150);
  });

  // A leading apostrophe keeps a spreadsheet from taking text for a formula; numbers stay numbers.
  const field = (value) => {
    let text = value === null || value === undefined ? "" : String(value);
    if (/^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const csv = (rows) => rows.map((row) => row.map(field).join(",") + "\r\n").join("");

  const weeksCsv = (table) => {
    const columns = columnsOf(table), names = Object.keys(columns);
    return csv([names, ...columns.week.map((_, index) => names.map((name) => columns[name][index]))]);
  };

  const exact = (element) => {
    if (element.dataset.value !== undefined) return element.dataset.value;
    const main = element.querySelector("a, bdi, span");
    return (main || element).textContent.trim().replace(/^–$/, "");
  };
  const tableCsv = (table) => csv([...table.rows].map((row) => [...row.cells].map(exact)));

  const content = (button) => {
    if (button.dataset.embedded) return data.files[button.dataset.embedded];
    if (button.dataset.weeks) return weeksCsv(document.getElementById(button.dataset.weeks));
    return tableCsv(document.getElementById(button.dataset.table));
  };

  const save = (name, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  for (const button of document.querySelectorAll("button.csv")) {
    button.addEventListener("click", () => save(button.dataset.file, content(button)));
  }

  const note = document.getElementById("map-note");
  for (const region of document.querySelectorAll("svg.map .region")) {
    const tell = () => { note.textContent = region.getAttribute("aria-label"); };
    region.addEventListener("mouseenter", tell);
    region.addEventListener("focus", tell);
  }

  drawAll();
})();
