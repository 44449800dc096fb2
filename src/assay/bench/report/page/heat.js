// Problems by cells. Arrow keys move, Enter opens; only one square is in the order of Tab.

// Results stand problem by problem, and in each in the order of the cells.
const resultAt = (row, column) => {
  const [kind, status, judging] = data.results[row * cells.length + column];
  return { kind, status, judging };
};

const problems = data.problems.map((id, index) => {
  const row = cells.map((cell) => resultAt(index, cell.index));
  const measured = row.filter((result) => data.kinds[result.kind].group !== "open");
  const solved = measured.filter((result) => result.kind === "solved").length;
  return { id, index, row, solved, measured: measured.length, apart: Math.min(solved, measured.length - solved) };
});

const SORTS = {
  suite: ["Order of the suite", (a, b) => a.index - b.index],
  apart: ["Where cells differ first", (a, b) => b.apart - a.apart || a.index - b.index],
  hard: ["Solved by fewest first", (a, b) => a.solved - b.solved || a.index - b.index],
  easy: ["Solved by most first", (a, b) => b.solved - a.solved || a.index - b.index],
};

const has = (kind) => (problem) => problem.row.some((result) => result.kind === kind);

const FILTERS = {
  all: ["All problems", () => true],
  apart: ["Where cells differ", (problem) => problem.apart > 0],
  none: ["Solved by no cell", (problem) => problem.measured && !problem.solved],
  every: ["Solved by every cell", (problem) => problem.measured && problem.solved === problem.measured],
  deceived: ["With a false positive", has("false_positive")],
  marked: ["With a verdict judged in-process", (problem) => problem.row.some((result) => result.judging === "in-process")],
  open: ["Not measured or not finished", (problem) => problem.measured < cells.length],
};

const heatState = { sort: "suite", filter: "all", text: "", row: 0, column: 0, shown: problems };

const inWords = (result) => {
  const marks = [];
  if (result.status === "abstained") marks.push("abstained");
  if (result.judging === "in-process") marks.push("judged in-process");
  return [data.kinds[result.kind].text, ...marks].join(", ");
};

const square = (problem, cell, row) => {
  const result = problem.row[cell.index];
  const kind = data.kinds[result.kind];
  const classes = ["square", kind.group];
  if (result.judging === "in-process") classes.push("in-process");
  if (result.status === "abstained") classes.push("abstained");
  return make("td", { role: "gridcell", class: classes.join(" "), tabindex: "-1", "data-row": row, "data-column": cell.index,
    "aria-label": `${problem.id}, ${cell.letter} ${cell.name}: ${inWords(result)}` }, kind.mark);
};

const focusSquare = (row, column, really = true) => {
  heatState.row = Math.max(0, Math.min(row, heatState.shown.length - 1));
  heatState.column = Math.max(0, Math.min(column, cells.length - 1));
  const body = byId("heat-body");
  for (const before of body.querySelectorAll('[tabindex="0"]')) before.setAttribute("tabindex", "-1");
  const now = body.querySelector(`[data-row="${heatState.row}"][data-column="${heatState.column}"]`);
  if (!now) return;
  now.setAttribute("tabindex", "0");
  if (really) now.focus();
};

const drawGrid = () => {
  heatState.shown = problems
    .filter(FILTERS[heatState.filter][1])
    .filter((problem) => problem.id.toLowerCase().includes(heatState.text.toLowerCase()))
    .sort(SORTS[heatState.sort][1]);
  byId("heat-body").replaceChildren(...heatState.shown.map((problem, row) =>
    make("tr", { role: "row" },
      make("th", { role: "rowheader", scope: "row", title: problem.id }, make("span", {}, problem.id)),
      cells.map((cell) => square(problem, cell, row)),
      make("td", { role: "gridcell", class: "number" }, `${problem.solved}/${problem.measured}`))));
  byId("heat-count").textContent = `${whole(heatState.shown.length)} of ${plural(problems.length, "problem")}`;
  focusSquare(0, 0, false);
};

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -1e9], End: [0, 1e9] };

const onKey = (event) => {
  if (!event.target.dataset.row) return;
  const move = MOVES[event.key];
  if (move) {
    const far = (event.key === "Home" || event.key === "End") && event.ctrlKey ? move[1] : move[0];
    focusSquare(heatState.row + far, heatState.column + move[1]);
  } else if (event.key === "Enter" || event.key === " ") {
    openAt(event.target);
  } else return;
  event.preventDefault();
};

const openAt = (place) => {
  const [row, column] = [Number(place.dataset.row), Number(place.dataset.column)];
  focusSquare(row, column);
  location.hash = linkTo(heatState.shown[row], cells[column]);
};

const linkTo = (problem, cell) => `#${encodeURIComponent(problem.id)}/${cell.letter}`;

const choose = (label, name, options) =>
  make("label", {}, `${label} `, make("select", { change: (event) => { heatState[name] = event.target.value; drawGrid(); } },
    Object.entries(options).map(([value, [text]]) => make("option", { value }, text))));

const tellSquare = (event) => {
  const label = event.target.closest?.("[data-row]")?.getAttribute("aria-label");
  if (label) byId("heat-status").textContent = label;
};

const showHeat = () => {
  const used = Object.keys(data.kinds).filter((kind) => problems.some(has(kind)));
  byId("problems").append(
    make("p", { class: "note" }, "A square is one problem in one cell. Arrow keys move, Enter opens what happened, Esc closes it."),
    make("ul", { class: "key" }, used.map((kind) => make("li", {}, kindMark(kind), " ", data.kinds[kind].text)),
      problems.some(FILTERS.marked[1]) ? make("li", {}, make("span", { class: "mark in-process", "aria-hidden": "true" }), " judged in-process") : null,
      problems.some((problem) => problem.row.some((result) => result.status === "abstained")) ? make("li", {}, make("span", { class: "mark abstained", "aria-hidden": "true" }), " abstained") : null),
    make("ul", { class: "key" }, cells.map((cell) => make("li", {}, named(cell)))),
    make("div", { class: "controls" }, choose("Order", "sort", SORTS), choose("Show", "filter", FILTERS),
      make("label", {}, "Name has ", make("input", { type: "search", size: "12", input: (event) => { heatState.text = event.target.value; drawGrid(); } })),
      make("output", { id: "heat-count", "aria-live": "polite" })),
    make("div", { class: "heat-place" },
      make("table", { class: "heat", role: "grid", "aria-label": "Problems by cells", keydown: onKey, focusin: tellSquare, mouseover: tellSquare,
        click: (event) => { const place = event.target.closest("[data-row]"); if (place) openAt(place); } },
        make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, make("th", { role: "columnheader", scope: "col" }, "Problem"),
          cells.map((cell) => make("th", { role: "columnheader", scope: "col", "aria-label": `${cell.letter} ${cell.name}` }, badge(cell))),
          make("th", { role: "columnheader", scope: "col" }, "Solved"))),
        make("tbody", { role: "rowgroup", id: "heat-body" }))),
    make("p", { id: "heat-status", "aria-hidden": "true" }, "\u00a0"));
  drawGrid();
};
