/** Fetches a file of the page. Throws an error with its name if the server refuses it. */
export async function get(file: string): Promise<Response> {
  const response = await fetch(`./${file}`);
  if (!response.ok) throw new Error(`${file}: the server answers with ${response.status}`);
  return response;
}
