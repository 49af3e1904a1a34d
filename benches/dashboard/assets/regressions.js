// Filters of the shifts. A row is a link by its key: `#shift=KEY`.
"use strict";
(() => {
  const { state } = dashboard;
  const form = state.bind(document.getElementById("controls"));
  const output = document.getElementById("shown");

  const wanted = (row) => {
    const words = form.value("find").toLowerCase().split(/\s+/);
    const text = row.textContent.toLowerCase();
    return words.every((word) => text.includes(word))
      && (form.value("whose") === "all" || row.dataset.whose === "raddle")
      && (form.value("way") === "" || row.dataset.class === form.value("way"));
  };

  state.watch(() => {
    let shown = 0;
    const meant = state.get("shift");
    for (const [table, none] of [["table-shifts", "no-shifts"], ["table-counts", "no-counts"]]) {
      let here = 0;
      for (const row of document.querySelectorAll(`#${table} tbody tr`)) {
        row.hidden = !wanted(row);
        here += row.hidden ? 0 : 1;
        const isMeant = row.dataset.key === meant;
        row.classList.toggle("meant", isMeant);
        if (isMeant) {
          row.hidden = false;
          row.scrollIntoView({ block: "center" });
        }
      }
      document.getElementById(none).hidden = here > 0;
      document.getElementById(table).hidden = here === 0;
      shown += here;
    }
    output.textContent = `${shown} shown`;
  });
})();
