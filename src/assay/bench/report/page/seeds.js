// Several seeds of a cell: the problems are what is counted, the seeds are averaged.

const groupParts = differing.filter((part) => part !== "seed");

const groupName = (group) =>
  [group.strategy, ...groupParts.map((part) => shown(part, group[part]))].join(" · ");

const pointsOf = (pair) =>
  pair.difference === null ? "no problem in common" : `${signed(pair.difference)} (${signed(pair.interval[0])} to ${signed(pair.interval[1])})`;

// Instead of what is said of single cells, of which two may be seeds of one.
const seedFinding = (pairs) => {
  const clear = pairs.filter((pair) => pair.p_holm !== null && pair.p_holm < 0.05);
  return clear.length
    ? [`With all seeds ${clear.length} of ${plural(pairs.length, "pair")} ${clear.length === 1 ? "differs" : "differ"} beyond chance (Holm p < 0.05): `,
      clear.slice(0, NAMED).map((pair, index) => {
        const [up, down] = pair.difference > 0 ? [pair.a, pair.b] : [pair.b, pair.a];
        return [index ? ", " : "", `${groupName(up)} above ${groupName(down)}`];
      }), clear.length > NAMED ? ` and ${clear.length - NAMED} more, in the table below.` : "."]
    : [`With all seeds no two differ beyond chance: of ${plural(pairs.length, "pair")} none has a Holm p below 0.05.`];
};

const seedsTogether = () => {
  const groups = data.pooled?.cells ?? [];
  if (!groups.length) return null;
  const pairs = data.pooled.paired;
  return make("div", {},
    table("Seeds together, by problem and not by result", [
      { name: "Cells of all seeds", head: true, value: groupName },
      { name: "Problems", number: true, value: (group) => whole(group.problems) },
      { name: "Solved, by seed", value: (group) => Object.entries(group.seeds).map(([seed, one]) => `${seed}: ${one.solved} of ${one.measured}`).join("; ") },
      { name: "pass@1, 95 %", value: (group) => [make("b", {}, percent(group["pass@1"])), " ", make("small", {}, between(group.interval))] },
      { name: "Design effect", number: true, value: (group) => fixed(group.design_effect) },
    ], groups),
    pairs.length ? table("Differences with all seeds", [
      { name: "Pair", head: true, value: (pair) => `${groupName(pair.a)} minus ${groupName(pair.b)}` },
      { name: "Problems", number: true, value: (pair) => whole(pair.problems) },
      { name: "Seeds", number: true, value: (pair) => whole(pair.seeds) },
      { name: "Difference, points", number: true, value: pointsOf },
      { name: "p", number: true, value: (pair) => pValue(pair.p) },
      { name: "p (Holm)", number: true, value: (pair) => pValue(pair.p_holm) },
    ], pairs) : null);
};
