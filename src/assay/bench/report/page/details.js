// What happened to one problem in one cell.

let opened = null;

const unpack = async () => {
  if (!("DecompressionStream" in window)) throw new Error("this browser cannot unpack them (it has no DecompressionStream)");
  const raw = Uint8Array.from(atob(byId("packed").textContent), (mark) => mark.charCodeAt(0));
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};

const shelf = () => {
  opened ??= unpack();
  return opened;
};

const said = (text) => make("pre", { class: "said", tabindex: "0" }, text);

const EVIDENCE = { call: "call", expected: "expected", actual: "gave", exception: "raised", message: "message", line: "line", source: "source", denied: "refused", exit_status: "exit status", signal: "signal", limit: "limit", stack: "calls open", stdout: "printed" };

const evidenceOf = (detail) => {
  const known = Object.entries(EVIDENCE).filter(([name]) => name in detail);
  if (!known.length) return null;
  return make("dl", { class: "evidence" }, known.map(([name, title]) => [make("dt", {}, title), make("dd", {}, make("code", {}, String(detail[name])))]));
};

const outcomeMark = (outcome) => make("b", { class: outcome === "passed" ? "good" : "bad" }, outcome === "passed" ? "✓ " : "✗ ", outcome.replace("_", " "));

const showRun = (run, texts) => [
  make("p", {}, "Run: ", outcomeMark(run.outcome), `; ${run.tier}, judged ${run.judging}, ${fixed(run.cpu_seconds, 3)} s of CPU`, run.flaky ? "; a rerun gave another outcome" : "", "."),
  run.verdicts.length ? null : evidenceOf(run.detail),
  run.diagnostics.length && !run.verdicts.some((verdict) => verdict.outcome === "build_failed") ? said(run.diagnostics.join("\n")) : null,
  make("ul", { class: "verdicts" }, run.verdicts.map((verdict) => make("li", {}, outcomeMark(verdict.outcome), " ", make("code", {}, verdict.test),
    verdict.judging === "in-process" ? make("span", { class: "gap" }, " judged in-process") : null,
    verdict.outcome === "passed" && Object.keys(verdict.detail).length ? more("Evidence", evidenceOf(verdict.detail)) : evidenceOf(verdict.detail)))),
  run.stdout === null ? null : more("Printed", said(texts[run.stdout])),
  run.stderr === null ? null : more("Printed to stderr", said(texts[run.stderr])),
];

const showMessages = (messages, before, texts) => {
  let same = 0;
  while (same < before.length && same < messages.length && before[same][0] === messages[same][0] && before[same][1] === messages[same][1]) same += 1;
  const one = ([role, text]) => [make("h5", {}, role), said(texts[text])];
  if (same && same === messages.length) return more(`Prompt: the same ${plural(same, "message")} again`, messages.map(one));
  return [
    same ? more(`Prompt: the first ${plural(same, "message")} as before`, messages.slice(0, same).map(one)) : null,
    more(`Prompt: ${same ? "then " : ""}${plural(messages.length - same, "message")}`, messages.slice(same).map(one)),
  ];
};

const STEP = {
  completion: (step, seen, texts) => {
    const before = seen.messages;
    seen.messages = step.messages;
    seen.asked += 1;
    return [`Request ${seen.asked} to the model`, "asked", [
      make("p", { class: "facts" }, `${whole(step.tokens[0])} + ${whole(step.tokens[1])} tokens, ${fixed(step.seconds, 1)} s${step.cached ? ", out of the cache or a recording" : ""}; ended: ${step.finish}; temperature ${step.temperature}, seed ${step.seed}, at most ${whole(step.max_tokens)} tokens; ${step.model}`),
      showMessages(step.messages, before, texts),
      more("Completion", said(texts[step.reply])),
    ]];
  },
  attempt: (step, seen, texts) => {
    seen.tried += 1;
    const number = seen.tried;
    const former = (step.parent && seen.codes.get(step.parent)) || seen.last;
    const code = step.code === null ? null : texts[step.code];
    const run = step.run === null ? null : seen.runs[step.run];
    const bad = run?.verdicts.find((verdict) => verdict.detail.line);
    if (code !== null) {
      seen.numbers.set(step.id, seen.numbers.get(step.id) ?? number);
      seen.last = { number, code };
      seen.codes.set(step.id, { number: seen.numbers.get(step.id), code });
    }
    const verdict = step.passed === null ? "not measured" : step.passed ? "passes the visible tests" : "fails";
    return [[`Attempt ${number}: `, make("b", { class: step.passed ? "good" : step.passed === null ? "gap" : "bad" }, verdict)], "tried", [
      make("p", { class: "facts" }, "Candidate ", make("code", {}, step.id), ` by ${step.made_by}`, step.parent ? [", from ", make("code", {}, step.parent)] : ""),
      code === null ? make("p", { class: "note" }, "No program was found in the completion.") : null,
      code !== null && former ? [make("h5", {}, `Against attempt ${former.number}`), showDiff(former.code, code), more("The whole program", showCode(code, bad?.detail.line))] : null,
      code !== null && !former ? showCode(code, bad?.detail.line) : null,
      run ? showRun(run, texts) : null,
      make("h5", {}, `Feedback (${step.source})`), said(texts[step.message]), step.note ? make("p", { class: "note" }, step.note) : null,
    ]];
  },
  feedback: (step, seen, texts) => [`Feedback of ${step.source || "nobody"}`, "told", [
    make("p", { class: "facts" }, "On candidate ", make("code", {}, step.id)), said(texts[step.message]), step.note ? make("p", { class: "note" }, step.note) : null]],
};

const OTHER = (step, seen, texts) => [{ error: "A failure of ours", consult: "A question to a person" }[step.kind] ?? capital(step.kind), step.kind === "error" ? "failed" : "told", [said(texts[step.text])]];

const showSteps = (item, all) => {
  const seen = { asked: 0, tried: 0, messages: [], last: null, codes: new Map(), numbers: new Map(), runs: all.runs };
  const list = make("ol", { class: "steps" }, item.steps.map((step) => {
    const [title, kind, body] = (STEP[step.kind] ?? OTHER)(step, seen, all.texts);
    return make("li", { class: kind }, make("h4", {}, title), body);
  }));
  return [list, seen];
};

const showDecision = (decision, seen) => {
  if (!decision) return null;
  const of = (id) => [`attempt ${seen.numbers.get(id) ?? "?"} `, make("code", {}, id)];
  return [
    make("h3", {}, "How the answer was chosen"),
    make("p", {}, make("b", {}, decision.status), `: ${decision.reason}.`, decision.confidence === null ? "" : ` Confidence ${fixed(decision.confidence)}.`),
    decision.order.length ? make("ol", { class: "order" }, decision.order.map((id, index) => make("li", {}, of(id),
      decision.cluster[index] === undefined ? "" : `, behaviour group ${decision.cluster[index] + 1}`, id === decision.chosen ? make("b", {}, ", chosen") : ""))) : null,
    decision.evidence ? more("What the confidence was made of", make("dl", { class: "settings" }, Object.entries(decision.evidence).map(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]))) : null,
  ];
};

const showTask = (task, texts) => task && more(`The task: ${plural(task.tests.length, "visible test")}, ${task.language}`,
  said(texts[task.prompt]), task.tests.map((test) => [make("h5", {}, test.id), said(texts[test.text])]));

const facts = (result) => {
  const { cost } = result;
  return make("p", { class: "facts" }, `${result.status}; visible tests ${result.visible.passed} of ${result.visible.total}; ${plural(result.candidates, "distinct program")}; ${whole(cost.prompt_tokens === null ? null : cost.prompt_tokens + cost.completion_tokens)} tokens, ${plural(cost.calls, "call")}, ${plural(cost.runs, "run")}, ${fixed(cost.seconds, 1)} s; ${result.judging ? `judged ${result.judging}` : "nothing was judged"}; ended: ${result.stopped}. In the log: `, make("code", {}, `assay show ${quoted(result.log)}`));
};

const showItem = async (problem, cell, place) => {
  const all = await shelf();
  const item = all.items[`${problem.index} ${cell.cell}`];
  if (!item) return place.replaceChildren(make("p", {}, "There is no result yet: the run ended before it."));
  const result = item.row;
  const [steps, seen] = showSteps(item, all);
  const grade = item.grade === null ? make("p", {}, result.kind === "no_program" ? "There was no program to grade." : "No run of the hidden tests is in the log.") : showRun(all.runs[item.grade], all.texts);
  return place.replaceChildren(...[
    make("p", { class: "verdict" }, kindMark(result.kind), " ", capital(inWords(result)), "."), facts(result), make("p", { class: "note" }, result.reason),
    showTask(all.items[String(problem.index)], all.texts),
    make("div", { class: "controls" }, ["Open all", "Close all"].map((text, index) => make("button", { type: "button", click: () => { for (const one of place.querySelectorAll("details")) one.open = !index; } }, text))),
    make("h3", {}, "What happened"), steps, make("h3", {}, "The hidden tests"), grade, showDecision(item.decision, seen),
  ].flat(Infinity).filter(Boolean));
};

const step = (problem, cell, rows, columns) => {
  const at = heatState.shown.indexOf(problem);
  const [row, column] = [(at < 0 ? 0 : at) + rows, cell.index + columns];
  if (row < 0 || row >= heatState.shown.length || column < 0 || column >= cells.length) return null;
  return linkTo(heatState.shown[row], cells[column]);
};

const showDetails = (problem, cell) => {
  const dialog = byId("details");
  const body = make("div", { class: "dialog-body" }, make("p", {}, "Unpacking …"));
  const go = (text, label, rows, columns) => {
    const link = step(problem, cell, rows, columns);
    return make("button", { type: "button", "aria-label": label, title: label, disabled: !link, click: () => { location.hash = link; } }, text);
  };
  dialog.replaceChildren(
    make("div", { class: "dialog-head" },
      make("h2", { id: "details-title", tabindex: "-1" }, problem.id, " ", make("span", { class: "in" }, named(cell))),
      make("div", { class: "moves" }, go("←", "The same problem in the cell before", 0, -1), go("→", "The same problem in the next cell", 0, 1), go("↑", "The problem before in this cell", -1, 0), go("↓", "The next problem in this cell", 1, 0),
        make("button", { type: "button", "aria-label": "Close", title: "Close (Esc)", click: () => dialog.close() }, "✕"))),
    body);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  byId("details-title").focus();
  const at = heatState.shown.indexOf(problem);
  if (at >= 0) focusSquare(at, cell.index, false);
  return showItem(problem, cell, body).catch((error) => body.replaceChildren(make("p", { class: "warning" }, `The attempts cannot be shown: ${error.message}.`)));
};
