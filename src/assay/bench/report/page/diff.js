// Lines of two programs: what stayed (" "), what went ("-"), what came ("+").

const LARGEST = 4_000_000;
const CONTEXT = 3;

const diffLines = (before, after) => {
  const [a, b] = [before.split("\n"), after.split("\n")];
  if (a.length * b.length > LARGEST) return null;
  // Longest common subsequence: common[i][j] of a from line i and b from line j.
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
  const rows = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { rows.push([" ", a[i], j + 1]); i += 1; j += 1; }
    else if (i < a.length && (j === b.length || common[i + 1][j] >= common[i][j + 1])) { rows.push(["-", a[i], null]); i += 1; }
    else { rows.push(["+", b[j], j + 1]); j += 1; }
  }
  return rows;
};

const showDiff = (before, after) => {
  const rows = diffLines(before, after);
  if (rows === null) return make("p", { class: "note" }, "These programs are too long for a diff here.");
  const changes = rows.filter(([mark]) => mark !== " ").length;
  if (!changes) return make("p", { class: "note" }, "Line by line the same program.");
  const near = rows.map((_, index) => rows.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(([mark]) => mark !== " "));
  const shown = [];
  let left = 0;
  rows.forEach(([mark, text, number], index) => {
    if (!near[index]) { left += 1; return; }
    if (left) shown.push(make("span", { class: "line skipped" }, `… ${plural(left, "line")} the same`));
    left = 0;
    shown.push(make("span", { class: `line ${{ "+": "came", "-": "went", " ": "stayed" }[mark]}`, "data-number": number ?? "" },
      make("span", { class: "sign" }, `${mark} `), `${text}\n`));
  });
  if (left) shown.push(make("span", { class: "line skipped" }, `… ${plural(left, "line")} the same`));
  return make("pre", { class: "code diff", tabindex: "0" }, shown);
};

const showCode = (code, marked = null) =>
  make("pre", { class: "code", tabindex: "0" }, code.replace(/\n$/, "").split("\n").map((text, index) =>
    make("span", { class: index + 1 === marked ? "line marked" : "line", "data-number": index + 1 }, `${text}\n`)));
