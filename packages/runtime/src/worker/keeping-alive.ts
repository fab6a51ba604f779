/** Keeps a Node program alive until this ends. A worker does not keep it alive, so that an idle one lets it end. */
export async function keepingAlive<T>(result: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 2 ** 30);
  try {
    return await result;
  } finally {
    clearInterval(timer);
  }
}
