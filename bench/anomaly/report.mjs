export const readAround = () => {};
export const tables = (l) => JSON.stringify(l.length);
export const writeReport = () => {};
