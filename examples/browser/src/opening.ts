const root = document.documentElement;

/**
 * The opening takes much of the page until the first use; then it becomes one line. A button opens and folds it.
 * @returns a function for the first use.
 */
export function setUpOpening(button: HTMLButtonElement, below: HTMLElement): () => void {
  let isUsed = root.classList.contains('used');

  function set(folded: boolean): void {
    const top = below.getBoundingClientRect().top;
    root.classList.toggle('used', folded);
    scrollBy({ top: below.getBoundingClientRect().top - top, behavior: 'instant' }); // what the user looks at stays
    refresh();
  }
  function refresh(): void {
    const folded = root.classList.contains('used');
    button.textContent = folded ? '▾' : '▴';
    button.ariaLabel = button.title = folded ? 'Show the opening' : 'Fold the opening';
    button.ariaExpanded = String(!folded);
  }
  button.addEventListener('click', () => set(!root.classList.contains('used')));
  refresh();
  return () => {
    if (!isUsed) set(true);
    isUsed = true;
  };
}
