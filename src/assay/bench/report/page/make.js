// Elements out of data. Text only ever becomes text: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
};

const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

const draw = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

const byId = (id) => document.getElementById(id);

const more = (title, ...children) => make("details", {}, make("summary", {}, title), ...children);

// Columns: {name, value(row), number?, head?}. As cards on a narrow screen, where display takes the
// meaning of a table away: hence the roles.
const table = (caption, columns, rows, kind = "cards") =>
  make(
    "div",
    { class: "scroll", tabindex: kind === "cards" ? null : "0", role: "region", "aria-label": caption },
    make(
      "table",
      { role: "table", class: kind },
      make("caption", {}, caption),
      make(
        "thead",
        { role: "rowgroup" },
        make(
          "tr",
          { role: "row" },
          columns.map((column) =>
            make("th", { role: "columnheader", scope: "col", class: column.number ? "number" : null }, column.name),
          ),
        ),
      ),
      make(
        "tbody",
        { role: "rowgroup" },
        rows.map((row) =>
          make(
            "tr",
            { role: "row" },
            columns.map((column) =>
              make(
                column.head ? "th" : "td",
                {
                  role: column.head ? "rowheader" : "cell",
                  scope: column.head ? "row" : null,
                  class: column.number ? "number" : null,
                  "data-label": typeof column.name === "string" ? column.name : null,
                },
                make("span", {}, column.value(row)),
              ),
            ),
          ),
        ),
      ),
    ),
  );
