// Filters of the list of answers; the address keeps them, so that other pages can lead to a selection. Builds no HTML.
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const rows = [...document.querySelectorAll(".answers tbody tr")].map((row) => ({
    row,
    id: row.cells[0].textContent.toLowerCase(),
    answers: [...row.querySelectorAll("a")].map((link) => ({
      link,
      result: link.dataset.result,
      failed: (link.dataset.failed ?? "").split(" "),
    })),
  }));
  const ofRow = ["suite", "model", "kernel", "parallel", "language"];
  const names = [...ofRow, "result", "words"];
  const total = rows.reduce((sum, { answers }) => sum + answers.length, 0);

  function apply() {
    const wanted = Object.fromEntries(names.map((name) => [name, form.elements[name].value]));
    const words = wanted.words.trim().toLowerCase();
    const [result, failed] = wanted.result.split(":");
    let numRows = 0;
    let numAnswers = 0;
    for (const { row, id, answers } of rows) {
      const fits = ofRow.every((name) => !wanted[name] || row.dataset[name] === wanted[name]) && (!words || id.includes(words));
      let count = 0;
      if (fits) {
        for (const answer of answers) {
          const fit = (!result || answer.result === result) && (!failed || answer.failed.includes(failed));
          answer.link.classList.toggle("dim", !fit);
          if (fit) count += 1;
        }
      }
      row.hidden = count === 0;
      if (count) numRows += 1;
      numAnswers += count;
    }
    shown.textContent = `Showing ${numAnswers} of ${total} answers, in ${numRows} of ${rows.length} rows.`;
    const kept = new URLSearchParams(names.filter((name) => wanted[name]).map((name) => [name, wanted[name]])).toString();
    if (kept !== location.hash.slice(1)) history.replaceState(null, "", kept ? `#${kept}` : "#");
  }

  function read() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of names) {
      const field = form.elements[name];
      field.value = given.get(name) ?? "";
      if (field.selectedIndex < 0) field.value = "";
    }
    apply();
  }

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("hashchange", read);
  read();
})();
