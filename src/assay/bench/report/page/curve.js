// pass@t: the share of problems solved within so many tokens each.

const curveState = { field: "solved", chosen: null };

const stepsOf = (cell) => data.curve.filter((step) => step.cell === cell.cell);

// Rises of one field: [tokens, count, interval].
const risesOf = (cell) => {
  const found = [];
  let before = 0;
  for (const step of stepsOf(cell)) {
    if (step[curveState.field] > before) found.push(step);
    before = step[curveState.field];
  }
  return found;
};

const scaleOf = (steps, left, right) => {
  const low = Math.min(...steps.map((step) => step.tokens));
  const high = Math.max(...steps.map((step) => step.tokens));
  const wide = high > 6 * low;
  const from = wide ? Math.log10(low * 0.9) : 0;
  const to = wide ? Math.log10(high * 1.05) : high * 1.05;
  const marks = wide
    ? [1, 2, 5].flatMap((head) => [0, 1, 2, 3, 4, 5, 6, 7].map((power) => head * 10 ** power))
    : [0, 1, 2, 3, 4, 5].map((part) => part * niceStep(high / 5));
  const shown = marks.filter((mark) => (wide ? mark >= 10 ** from : mark >= 0) && mark <= (wide ? 10 ** to : to)).sort((a, b) => a - b);
  return { at: (tokens) => left + ((right - left) * ((wide ? Math.log10(Math.max(tokens, 1)) : tokens) - from)) / (to - from), marks: shown, wide };
};

const niceStep = (rough) => {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  return [1, 2, 5, 10].map((head) => head * power).find((step) => step >= rough);
};

const short = (tokens) => (tokens >= 1000 ? `${(tokens / 1000).toLocaleString("en", { maximumFractionDigits: 1 })}k` : String(Math.round(tokens)));

// Labels at the ends of lines, moved apart so that none covers another.
const spread = (ends, gap, bottom) => {
  const sorted = [...ends].sort((a, b) => a.y - b.y);
  sorted.forEach((end, index) => {
    end.label = index ? Math.max(end.y, sorted[index - 1].label + gap) : end.y;
  });
  for (let index = sorted.length - 1, limit = bottom; index >= 0; index -= 1, limit -= gap) {
    sorted[index].label = Math.min(sorted[index].label, limit);
  }
};

const chart = (width) => {
  const height = width < 500 ? 260 : 340;
  const [left, right, top, bottom] = [44, width - 34, 12, height - 40];
  const steps = data.curve.filter((step) => step.measured);
  const tallest = Math.max(...steps.map((step) => step[curveState.field] / step.measured), 0.05);
  const ceiling = Math.min(1, Math.ceil(tallest * 10 + 0.5) / 10);
  const x = scaleOf(steps, left, right);
  const y = (share) => bottom - ((bottom - top) * Math.min(share, ceiling)) / ceiling;
  const svg = draw("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-labelledby": "curve-title" },
    draw("title", { id: "curve-title" }, "Share of problems solved against tokens of each problem; the table below has the figures"));
  const levels = Array.from({ length: Math.round(ceiling * 10) + 1 }, (_, index) => index / 10).filter((level) => ceiling <= 0.5 || Math.round(level * 10) % 2 === 0);
  svg.append(...levels.flatMap((level) => [
    draw("line", { class: "grid", x1: left, x2: right, y1: y(level), y2: y(level) }),
    draw("text", { class: "axis end", x: left - 6, y: y(level) + 4 }, `${Math.round(level * 100)} %`)]));
  const room = (right - left) / 46;
  const every = Math.max(1, Math.ceil(x.marks.length / room));
  svg.append(...x.marks.filter((_, index) => index % every === 0).flatMap((mark) => [
    draw("line", { class: "grid", x1: x.at(mark), x2: x.at(mark), y1: top, y2: bottom }),
    draw("text", { class: "axis middle", x: x.at(mark), y: bottom + 16 }, short(mark))]));
  svg.append(draw("text", { class: "axis middle", x: (left + right) / 2, y: height - 6 }, `tokens of each problem${x.wide ? " (log scale)" : ""}`));
  const ends = cells.flatMap((cell) => lineOf(cell, x, y, right, svg));
  spread(ends, 15, bottom);
  svg.append(...ends.map((end) => draw("text", { class: `end-label c${end.cell.index % 8}${faded(end.cell)}`, x: right + 6, y: end.label + 4 }, end.cell.letter)));
  return svg;
};

const faded = (cell) => (curveState.chosen !== null && curveState.chosen !== cell.index ? " faded" : "");

const lineOf = (cell, x, y, right, svg) => {
  const rises = risesOf(cell);
  if (!rises.length) return [];
  const share = (step) => step[curveState.field] / step.measured;
  let path = `M${x.at(rises[0].tokens)},${y(0)}`;
  rises.forEach((step) => { path += `H${x.at(step.tokens)}V${y(share(step))}`; });
  if (curveState.chosen === cell.index && curveState.field === "solved") {
    const edge = (side) => rises.map((step, index) => {
      const until = rises[index + 1] ? x.at(rises[index + 1].tokens) : right;
      return [[x.at(step.tokens), y(step.interval[side])], [until, y(step.interval[side])]];
    }).flat();
    const around = [...edge(1), ...edge(0).reverse()].map((point) => point.join(",")).join(" ");
    svg.append(draw("polygon", { class: `band c${cell.index % 8}`, points: around }));
  }
  svg.append(draw("path", { class: `line c${cell.index % 8}${faded(cell)}`, d: `${path}H${right}` }));
  return [{ cell, y: y(share(rises[rises.length - 1])) }];
};

const showCurves = () => {
  const section = byId("curves");
  if (!data.curve.length) return section.append(make("p", { class: "note" }, cells.some((cell) => cell.solved && cell.tokens === null) ? "What the programs cost is not known: there is no curve." : "No problem is solved, so there is no curve."));
  const place = make("div", { class: "chart-place" });
  const ticks = make("div");
  const redraw = () => {
    place.replaceChildren(chart(Math.max(280, Math.min(place.clientWidth, 1000))));
    ticks.replaceChildren(curveTable());
  };
  const choices = [["solved", "when the search was over"], ["written", "when the right program was first tried (a perfect stop)"]].map(([field, text]) =>
    make("label", {}, make("input", { type: "radio", name: "field", checked: field === curveState.field, change: () => { curveState.field = field; redraw(); } }), " ", text));
  const legend = cells.map((cell) =>
    make("button", { type: "button", class: "legend", "aria-pressed": "false", click: (event) => {
      const was = curveState.chosen === cell.index;
      curveState.chosen = was ? null : cell.index;
      for (const button of section.querySelectorAll(".legend")) button.setAttribute("aria-pressed", String(!was && button === event.currentTarget));
      redraw();
    } }, sample(cell), named(cell)));
  section.append(
    make("fieldset", {}, make("legend", {}, "A problem counts as solved"), choices), place,
    make("div", { class: "legends" }, legend),
    make("p", { class: "note" }, "Press a cell to bring it out; of the first count it shows the 95 % interval at every step."),
    more("The same as a table", ticks));
  new ResizeObserver(redraw).observe(place);
  redraw();
};

const sample = (cell) => draw("svg", { class: "sample", viewBox: "0 0 28 8", "aria-hidden": "true" }, draw("path", { class: `line c${cell.index % 8}`, d: "M0,4H28" }));

const curveTable = () => {
  const tokens = data.curve.map((step) => step.tokens).sort((a, b) => a - b);
  const marks = [...new Set([0.1, 0.25, 0.5, 0.75, 0.9, 1].map((share) => tokens[Math.ceil(share * tokens.length) - 1]))];
  const at = (cell, mark) => {
    const step = stepsOf(cell).filter((one) => one.tokens <= mark).pop();
    if (!cell.measured || cell.tokens === null) return UNKNOWN;
    if (!step) return "0";
    const rate = `${step[curveState.field]} of ${step.measured}`;
    return curveState.field === "solved" ? [rate, " ", make("small", {}, between(step.interval))] : rate;
  };
  return table("Solved within so many tokens", [
    { name: "Cell", head: true, value: named },
    ...marks.map((mark) => ({ name: `${whole(mark)} tokens`, number: true, value: (cell) => at(cell, mark) })),
  ], cells);
};
