const key = 'theme';

/** Light or dark colours: as the system says, until the button changes it. The choice is remembered. */
export function setUpTheme(button: HTMLElement): void {
  const { dataset } = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const stored = localStorage.getItem(key);
  if (stored) dataset.theme = stored;

  const isDark = () => (dataset.theme ? dataset.theme === 'dark' : system.matches);
  const refresh = () => {
    button.textContent = isDark() ? 'Light' : 'Dark';
    button.setAttribute('aria-label', isDark() ? 'Switch to light colours' : 'Switch to dark colours');
  };
  button.addEventListener('click', () => {
    dataset.theme = isDark() ? 'light' : 'dark';
    localStorage.setItem(key, dataset.theme);
    refresh();
  });
  system.addEventListener('change', refresh);
  refresh();
}
