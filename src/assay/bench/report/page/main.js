// Puts the sections on the page, and follows links such as #PROBLEM/CELL.

const followHash = () => {
  const [id, name] = location.hash.slice(1).split("/");
  if (name === undefined) {
    if (byId("details").open) byId("details").close();
    return;
  }
  let wanted = id;
  try { wanted = decodeURIComponent(id); } catch { /* a link by hand need not be encoded */ }
  const problem = problems.find((one) => one.id === wanted);
  const cell = cells.find((one) => one.letter === name);
  if (problem && cell) showDetails(problem, cell);
};

const leaveHash = () => {
  if (location.hash.includes("/")) history.replaceState(null, "", location.href.replace(/#.*$/, "#"));
  focusSquare(heatState.row, heatState.column);
};

const showFoot = () =>
  byId("foot").append(
    make("p", {}, kept.cut
      ? `To keep this file small, texts of more than ${whole(kept.limit)} characters are shown without their middle: ${whole(kept.cut)} of ${whole(kept.texts)}; each says how much is left out. The log has all.`
      : "Every text is here in full, but for values in the evidence of a verdict, which are shortened to 600 characters."),
    make("p", {}, "The figures as JSON and CSV: ", make("code", {}, `assay bench report ${data.runs[0].run} --json`), ", ", make("code", {}, "--csv FOLDER"), ". This file loads nothing and sends nothing."));

const openForPrint = () => { for (const one of document.querySelectorAll("main details, dialog[open] details")) one.open = true; };

for (const show of [showAbout, showSummary, showCurves, showPairs, showHeat, showFailures, showCost, showWords, showFoot]) show();
byId("details").addEventListener("close", leaveHash);
byId("details").addEventListener("click", (event) => { if (event.target === byId("details")) byId("details").close(); });
window.addEventListener("hashchange", followHash);
window.addEventListener("beforeprint", openForPrint);
followHash();
