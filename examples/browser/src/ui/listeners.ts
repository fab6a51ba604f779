/** A list of functions that are called together. */
export function listeners<Args extends unknown[]>() {
  const list: ((...args: Args) => void)[] = [];
  return {
    add: (listener: (...args: Args) => void): void => void list.push(listener),
    call: (...args: Args): void => {
      for (const listener of list) listener(...args);
    },
  };
}
