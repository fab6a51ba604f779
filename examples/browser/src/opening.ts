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
    if (folded)
      scrollBy(0, below.getBoundingClientRect().top - top); // what the user looks at stays
    else scrollTo(0, 0);
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
