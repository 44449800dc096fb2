// Any two cells over the problems that both measured.

const pairOf = (row, column) => {
  for (const pair of data.paired) {
    if (pair.a === row.cell && pair.b === column.cell) return pair;
    if (pair.a === column.cell && pair.b === row.cell && pair.interval)
      return { ...pair, difference: -pair.difference, interval: [-pair.interval[1], -pair.interval[0]], only_a: pair.only_b, only_b: pair.only_a };
  }
  return null;
};

const matrixCell = (row, column) => {
  const pair = row === column ? null : pairOf(row, column);
  if (!pair || pair.difference === null)
    return make("td", { role: "cell", class: "none" }, row === column ? make("span", { class: "hidden" }, "the same cell") : UNKNOWN);
  const clear = pair.p_holm !== null && pair.p_holm < 0.05;
  const side = !clear ? "" : pair.difference > 0 ? " ahead" : " behind";
  return make("td", { role: "cell", class: `pair${side}` },
    make("b", {}, clear ? (pair.difference > 0 ? "▲ " : "▼ ") : "", signed(pair.difference)),
    pair.only_a + pair.only_b
      ? [make("small", {}, `${signed(pair.interval[0])} to ${signed(pair.interval[1])}`), make("small", {}, `p ${pValue(pair.p_holm)}`)]
      : make("small", {}, "never differ"));
};

const showPairs = () => {
  const section = byId("pairs");
  if (!data.paired.length) return section.append(make("p", { class: "note" }, "There is one cell only: nothing to compare it with."));
  section.append(
    make("p", { class: "note" }, "Points by which the cell of the row is ahead of that of the column, over the problems that both measured, with the 95 % interval and Holm’s p. ▲ and ▼: beyond chance (p < 0.05)."),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Matrix of pairs" },
      make("table", { class: "matrix", role: "table" },
        make("caption", { class: "hidden" }, "Difference of each two cells in points"),
        make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, make("td", { role: "cell" }), cells.map((cell) => make("th", { role: "columnheader", scope: "col", "aria-label": `${cell.letter} ${cell.name}` }, badge(cell))))),
        make("tbody", { role: "rowgroup" }, cells.map((row) => make("tr", { role: "row" },
          make("th", { role: "rowheader", scope: "row" }, named(row)), cells.map((column) => matrixCell(row, column))))))),
    more("Every pair with its counts, and the smallest difference that could be shown", table("Pairs", [
      { name: "Pair", head: true, value: (pair) => [badge(cellByName.get(pair.a)), " against ", badge(cellByName.get(pair.b))] },
      { name: "Problems", number: true, value: (pair) => whole(pair.problems) },
      { name: "Both right", number: true, value: (pair) => whole(pair.both) },
      { name: "Only the first", number: true, value: (pair) => whole(pair.only_a) },
      { name: "Only the second", number: true, value: (pair) => whole(pair.only_b) },
      { name: "None", number: true, value: (pair) => whole(pair.neither) },
      { name: "Difference, points", number: true, value: (pair) => pair.difference === null ? UNKNOWN : `${signed(pair.difference)} (${signed(pair.interval[0])} to ${signed(pair.interval[1])})` },
      { name: "p", number: true, value: (pair) => pValue(pair.p) },
      { name: "p (Holm)", number: true, value: (pair) => pValue(pair.p_holm) },
      { name: "Smallest difference, points", number: true, value: (pair) => pair.smallest_difference === null ? "none can be shown" : (100 * pair.smallest_difference).toFixed(0) },
    ], data.paired)));
};
