// Counts what is selected and keeps the boxes together; without it the boxes work all the same.
(() => {
  "use strict";
  const form = document.querySelector("[data-selection]");
  if (!form) return;
  const rows = [...form.querySelectorAll("[data-select-row]")];
  const page = form.querySelector("[data-select-page]");
  const all = form.querySelector("[data-select-all]");
  const count = form.querySelector("[data-selection-count]");
  const buttons = form.querySelectorAll("[data-needs-selection]");
  let last = null;

  const show = () => {
    const ticked = rows.filter((row) => row.checked).length;
    const everything = Boolean(all && all.checked);
    page.checked = everything || ticked === rows.length;
    page.indeterminate = !page.checked && ticked > 0;
    [page, ...rows].forEach((box) => { box.disabled = everything; });
    rows.forEach((row) => row.closest("tr").classList.toggle("is-selected", everything || row.checked));
    const selected = everything ? Number(all.dataset.selectAll) : ticked;
    count.hidden = false;
    count.textContent = `${selected.toLocaleString("en")} selected`;
    buttons.forEach((button) => { button.disabled = selected === 0; });
    form.classList.toggle("has-selection", selected > 0);
  };

  form.addEventListener("click", (event) => {
    const index = rows.indexOf(event.target);
    if (index < 0) return;
    if (event.shiftKey && last !== null) {
      const [from, to] = [Math.min(last, index), Math.max(last, index)];
      rows.slice(from, to + 1).forEach((row) => { row.checked = rows[index].checked; });
    }
    last = index;
  });
  form.addEventListener("change", (event) => {
    if (event.target === page) rows.forEach((row) => { row.checked = page.checked; });
    show();
  });
  // A browser may bring ticks back when one returns to the page.
  window.addEventListener("pageshow", show);
  show();
})();
