// What was run, the table of cells, what it costs, how problems end.

// What every cell has alike; what differs is in their names.
const sharedParts = () => {
  const alike = data.parts.filter((part) => part !== "suite" && part in cells[0] && cells.every((cell) => cell[part] === cells[0][part]));
  const said = alike.filter((part) => cells[0][part] !== "");
  return said.length ? `All cells: ${said.map((part) => `${part} ${cells[0][part]}`).join(", ")}.` : "";
};

const showAbout = () => {
  const [first] = data.runs;
  const unfinished = data.runs.filter((run) => !run.finished);
  byId("about").append(
    make("p", {}, `${plural(data.problems.length, "problem")}, ${plural(cells.length, "cell")}; `,
      data.runs.map((run, index) => [index ? " and " : "", "run ", make("code", {}, run.run), ` of ${new Date(run.started * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`]),
      `; Assay ${data.assay}.`),
    make("p", {}, sharedParts()),
    ...unfinished.map((run) => make("p", { class: "warning" }, make("strong", {}, `Run ${run.run} is not finished: `),
      `${whole(run.results)} of ${whole(run.wanted)} results are there. The first to end are not a fair sample.`)),
    ...(data.differences ?? []).map((text) => make("p", { class: "warning" }, `${capital(text)}.`)),
    more("Settings", make("dl", { class: "settings" },
      Object.entries(first.settings).map(([name, value]) => [
        make("dt", {}, name),
        make("dd", {}, value === null || value === "" ? "not set" : typeof value === "string" ? value : JSON.stringify(value)),
      ]))),
  );
};

// A rate from 0 to 100 % with its interval.
const whisker = (rate, interval, cell) => {
  if (!interval) return null;
  const x = (share) => 4 + 112 * share;
  return draw("svg", { class: `whisker c${cell.index % 8}`, viewBox: "0 0 120 16", role: "img",
    "aria-label": `${percent(rate)}, interval ${between(interval)}` },
    [0, 0.25, 0.5, 0.75, 1].map((share) => draw("line", { class: "tick", x1: x(share), x2: x(share), y1: 2, y2: 14 })),
    draw("line", { class: "range", x1: x(interval[0]), x2: x(interval[1]), y1: 8, y2: 8 }),
    draw("circle", { class: "dot", cx: x(rate), cy: 8, r: 4 }));
};

const rateOf = (count, of, interval) =>
  of ? [`${count} of ${of} `, make("small", {}, `${percent(count / of)} (${between(interval)})`)] : UNKNOWN;

const gaps = (cell) => {
  const notes = [];
  if (cell.items < cell.wanted) notes.push(`${cell.wanted - cell.items} not finished`);
  if (cell.unmeasured) notes.push(`${cell.unmeasured} not measured (${cell.unmeasured_why.map(({ why, results }) => `${results}: ${why.length > 60 ? `${why.slice(0, 59)}…` : why}`).join("; ")})`);
  if (cell.in_process) notes.push(`${cell.in_process} judged in-process`);
  return notes.length ? make("span", { class: "gap" }, notes.join(", ")) : "none";
};

const showSummary = () => {
  byId("summary").append(
    make("ul", { class: "findings" }, findings().map((text) => make("li", {}, text))),
    table("Cells", [
      { name: "Cell", head: true, value: named },
      { name: "pass@1, 95 %", value: (cell) => [whisker(cell["pass@1"], cell.interval, cell), " ", make("b", {}, percent(cell["pass@1"])), " ", make("small", {}, between(cell.interval))] },
      { name: "Solved", number: true, value: (cell) => `${cell.solved} of ${cell.measured}` },
      { name: "Pass visible tests", value: (cell) => rateOf(cell.visible_passed, cell.visible_tested, cell.intervals.visible_pass_rate) },
      { name: "of these false positives", value: (cell) => rateOf(cell.false_positives, cell.visible_passed, cell.intervals.false_positives) },
      { name: "Gaps and marks", value: gaps },
    ], cells),
    seedsTogether() ?? "",
    more("More figures: attempts, abstention, confidence",
      table("Attempts, abstention and confidence", [
        { name: "Cell", head: true, value: named },
        { name: "Attempts to first pass", number: true, value: (cell) => fixed(cell.rounds) },
        { name: "MRR", number: true, value: (cell) => fixed(cell.mrr, 3) },
        { name: "Recall", number: true, value: (cell) => fixed(cell.recall, 3) },
        { name: "Abstained", number: true, value: (cell) => whole(cell.abstained) },
        { name: "Vouched for, wrong", value: (cell) => rateOf(cell.answered_wrong, cell.answered, cell.intervals.answered_wrong) },
        { name: "AURC (above the best)", number: true, value: (cell) => cell.confidence ? `${fixed(cell.confidence.aurc, 3)} (${fixed(cell.confidence.excess_aurc, 3)})` : UNKNOWN },
        { name: "Calibration error", number: true, value: (cell) => cell.confidence ? fixed(cell.confidence.calibration_error, 3) : UNKNOWN },
      ], cells),
      passAtK()),
  );
};

const passAtK = () => {
  const groups = (data["pass@k"] ?? []).filter((group) => group.seeds > 1);
  if (!groups.length) return null;
  return table("pass@k over seeds, unbiased", [
    { name: "Strategy", head: true, value: (group) => [group.strategy, group.selector, group.model].join(" · ") },
    { name: "Problems", number: true, value: (group) => whole(group.problems) },
    { name: "pass@k (95 %)", value: (group) => Object.entries(group["pass@k"]).map(([k, rate], index) =>
      `${index ? "; " : ""}@${k} ${percent(rate)} (${between(group.interval[k])})`).join("") },
  ], groups);
};

const NAMED = 6;

// The sentences that one would say aloud.
const findings = () => {
  const found = [];
  const rated = cells.filter((cell) => cell["pass@1"] !== null);
  const alike = rated.length === cells.length && rated.every((cell) => cell.measured === rated[0].measured);
  const top = Math.max(...rated.map((cell) => cell["pass@1"]));
  const best = rated.filter((cell) => cell["pass@1"] === top);
  if (!alike && top > 0) found.push(["The cells measured other problems, so their rates do not compare; the pairs below are over what both measured."]);
  else if (top === 0) found.push(["No cell solves any problem: there is nothing to compare."]);
  else if (best.length) found.push([best.map((cell, index) => [index ? ", " : "", named(cell)]), best.length > 1 ? " solve most, alike: " : " solves most: ",
    `${percent(top)} (95 % ${between(best[0].interval)}; ${best[0].solved} of ${best[0].measured}).`]);
  const grouped = data.pooled?.paired ?? [];
  if (grouped.length && top > 0) return [...found, seedFinding(grouped), ...unmeasuredFinding()];
  const tested = data.paired.filter((pair) => pair.p_holm !== null);
  const clear = tested.filter((pair) => pair.p_holm < 0.05);
  if (tested.length && top > 0) found.push(clear.length
    ? [`${clear.length} of ${plural(tested.length, "pair")} ${clear.length === 1 ? "differs" : "differ"} beyond chance (Holm p < 0.05): `,
      clear.slice(0, NAMED).map((pair, index) => {
        const [up, down] = pair.difference > 0 ? [pair.a, pair.b] : [pair.b, pair.a];
        return [index ? ", " : "", badge(cellByName.get(up)), " above ", badge(cellByName.get(down))];
      }), clear.length > NAMED ? ` and ${clear.length - NAMED} more, in the matrix below.` : "."]
    : [`No two cells differ beyond chance: of ${plural(tested.length, "pair")} none has a Holm p below 0.05.`]);
  const least = data.paired.map((pair) => pair.smallest_difference).filter((value) => value !== null);
  const [low, high] = [Math.min(...least), Math.max(...least)].map((share) => (100 * share).toFixed(0));
  if (least.length && top > 0) found.push([`The smallest difference that so many problems could show is ${low === high ? low : `${low} to ${high}`} points${low === high ? "" : ", pair by pair"}: that none is shown does not mean that there is none below it.`]);
  else if (tested.length && top > 0) found.push(["So few problems can show no difference between two cells."]);
  return [...found, ...unmeasuredFinding()];
};

const unmeasuredFinding = () => {
  const open = cells.reduce((sum, cell) => sum + cell.unmeasured, 0);
  return open ? [[`${plural(open, "result")} ${open === 1 ? "was" : "were"} not measured; no rate counts them.`]] : [];
};

const showCost = () => {
  const each = (cell, value) => (cell.items && value !== null ? whole(value / cell.items) : UNKNOWN);
  const elsewhere = cells.filter((cell) => cell.tokens === null);
  byId("cost").append(
    make("p", { class: "note" }, "Completions out of the cache or a recording count as when they were paid for. Times of a problem overlap those of others where several were worked on at once."),
    elsewhere.length ? make("p", { class: "note" }, `${UNKNOWN}: not known; the programs of `, elsewhere.map((cell) => [badge(cell), " "]), "were made elsewhere.") : "",
    table("Cost", [
      { name: "Cell", head: true, value: named },
      { name: "Tokens", number: true, value: (cell) => whole(cell.tokens) },
      { name: "of these written", number: true, value: (cell) => whole(cell.completion_tokens) },
      { name: "Tokens a problem", number: true, value: (cell) => each(cell, cell.tokens) },
      { name: "Solved per 1,000 tokens", number: true, value: (cell) => fixed(cell.solved_per_1000_tokens, 3) },
      { name: "Calls", number: true, value: (cell) => whole(cell.cost.calls) },
      { name: "Runs", number: true, value: (cell) => whole(cell.cost.runs) },
      { name: "Seconds", number: true, value: (cell) => fixed(cell.seconds, 1) },
      { name: "model / sandbox / rest", number: true, value: (cell) => [cell.model_seconds, cell.sandbox_seconds, cell.rest_seconds].map((value) => fixed(value, 1)).join(" / ") },
      { name: "Dollars", number: true, value: (cell) => cell.cost.dollars === null ? "not known" : fixed(cell.cost.dollars, cell.cost.dollars > 1 ? 2 : 4) },
    ], cells));
};

const showFailures = () => {
  const used = Object.keys(data.kinds).filter((kind) => cells.some((cell) => cell.kinds[kind]));
  byId("failures").append(
    make("div", { class: "bars", "aria-hidden": "true" }, cells.map((cell) => stacked(cell, used))),
    table("Problems by how they end", [
      { name: "Ending", head: true, value: (kind) => [kindMark(kind), " ", capital(data.kinds[kind].text)] },
      ...cells.map((cell) => ({ name: cell.letter, number: true, value: (kind) => cell.kinds[kind] ?? "0" })),
    ], used, "plain"));
};

const stacked = (cell, used) =>
  make("div", { class: "bar" }, badge(cell), used.filter((kind) => cell.kinds[kind]).map((kind) => {
    const count = cell.kinds[kind];
    const part = make("span", { class: `part ${data.kinds[kind].group}` }, `${data.kinds[kind].mark} ${count}`);
    part.style.flexGrow = count;
    return part;
  }));
