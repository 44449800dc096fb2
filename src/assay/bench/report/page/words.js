// Numbers and names as words. What is not known is said to be, never 0.

const data = JSON.parse(byId("figures").textContent);
const kept = JSON.parse(byId("kept").textContent);
const UNKNOWN = "–";

const whole = (value) => (value === null || value === undefined ? UNKNOWN : Math.round(value).toLocaleString("en"));
const fixed = (value, digits = 2) => (value === null || value === undefined ? UNKNOWN : value.toFixed(digits));
const percent = (share) => (share === null || share === undefined ? UNKNOWN : `${(100 * share).toFixed(1)} %`);
const between = (interval) =>
  interval ? `${(100 * interval[0]).toFixed(0)}–${(100 * interval[1]).toFixed(0)} %` : "nothing measured";
const signed = (share) => `${share > 0 ? "+" : share < 0 ? "−" : ""}${(100 * Math.abs(share)).toFixed(1)}`;
const pValue = (p) => (p === null || p === undefined ? UNKNOWN : p < 0.001 ? "< 0.001" : p.toPrecision(2));
const plural = (count, word) => `${whole(count)} ${word}${count === 1 ? "" : "s"}`;

// As a word of a POSIX shell.
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const letter = (index) => {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letter(Math.floor(index / 26) - 1) + last;
};

const differing = data.parts.filter(
  (part) => part !== "strategy" && new Set(data.cells.map((cell) => JSON.stringify(cell[part]))).size > 1,
);

const shown = (part, value) => {
  if (part === "model") return String(value).split("/").pop();
  return typeof value === "string" && part !== "seed" ? value : `${part} ${value}`;
};

const cells = data.cells.map((row, index) => ({
  ...row,
  index,
  letter: letter(index),
  name: [row.strategy, ...differing.map((part) => shown(part, row[part]))].join(" · "),
}));

const cellByName = new Map(cells.map((cell) => [cell.cell, cell]));

const badge = (cell) => make("b", { class: `badge c${cell.index % 8}` }, cell.letter);

const named = (cell) => [badge(cell), " ", make("span", { class: "name" }, cell.name)];

const kindMark = (name) => make("span", { class: `mark ${data.kinds[name].group}`, "aria-hidden": "true" }, data.kinds[name].mark);

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const glossary = [
  ["Cell", "One combination of model, strategy, selector and seed, measured over all problems."],
  ["pass@1", "The share of measured problems whose answer passes the hidden tests. The interval after it is Wilson’s, 95 %."],
  ["Not measured", "The model or the sandbox failed, or the budget of the whole run ended: no verdict, and never counted as wrong."],
  ["Visible and hidden tests", "The strategy sees the visible tests only. The hidden ones grade the answer once, at the end."],
  ["False positive", "An answer that passes every visible test and fails the hidden ones."],
  ["Vouched for, wrong", "Of the answers given as verified or likely, those that fail the hidden tests."],
  ["Judged in-process", "A test that had to run in the program’s own process, where a hostile program might forge the verdict."],
  ["Paired comparison", "Both cells on the same problems. The interval is the paired bootstrap’s, p is McNemar’s exact test, and Holm adjusts it for all pairs shown."],
  ["Smallest difference", "The smallest true difference that the test at p < 0.05 finds with 80 % power on so many problems. Below it, no difference shown does not mean that there is none."],
  ["Solved against tokens (pass@t)", "The share of problems solved within so many prompt and completion tokens each."],
  ["MRR, recall", "Mean of 1 / (number of the attempt that first had the right answer), 0 where the answer is wrong; the share with a right one. As in ConvCodeWorld."],
  ["AURC, calibration error", "How well the confidence tells right from wrong: area under the risk-coverage curve (lower is better), and the mean distance of confidence and share right."],
];

const showWords = () =>
  byId("words").append(make("dl", {}, glossary.map(([term, text]) => [make("dt", {}, term), make("dd", {}, text)])));
