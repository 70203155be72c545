// Filters and deep links of the report. Reads only what the page already holds; builds no HTML.
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const shown = document.getElementById("shown");
  const tasks = [...document.querySelectorAll("details.task")];
  const texts = new Map();
  const textOf = (task) => {
    if (!texts.has(task)) texts.set(task, task.textContent.toLowerCase());
    return texts.get(task);
  };

  function apply() {
    const suite = form.elements.suite.value;
    const model = form.elements.model.value;
    const result = form.elements.result.value;
    const words = form.elements.words.value.trim().toLowerCase();
    let numTasks = 0;
    let numAnswers = 0;
    for (const task of tasks) {
      let fits = 0;
      let answers = 0;
      for (const part of task.querySelectorAll("[data-model]")) {
        const fit = (!model || part.dataset.model === model) && (!result || part.dataset.result === result);
        part.hidden = !fit;
        if (fit) fits += 1;
        if (fit && part.classList.contains("answer")) answers += 1;
      }
      const show = fits > 0 && (!suite || task.dataset.suite === suite) && (!words || textOf(task).includes(words));
      task.hidden = !show;
      if (show) {
        numTasks += 1;
        numAnswers += answers;
      }
    }
    shown.textContent = `Showing ${numTasks} of ${tasks.length} tasks${numAnswers ? `, ${numAnswers} answers` : ""}.`;
  }

  function setOpen(open) {
    for (const task of tasks) if (!task.hidden) task.open = open;
  }

  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.matches("details.task")) return;
    if (target.hidden) {
      form.reset();
      apply();
    }
    target.open = true;
    target.scrollIntoView();
  }

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  document.getElementById("open-all").addEventListener("click", () => setOpen(true));
  document.getElementById("close-all").addEventListener("click", () => setOpen(false));
  window.addEventListener("hashchange", openTarget);
  apply();
  openTarget();
})();
