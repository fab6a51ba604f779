/**
 * Products of the matrix of all rows with others of one column for each class, row-major.
 * @param {ArrayLike<number>[]} rows of one length
 * @param {number} classes
 */
export function plainProducts(rows, classes) {
  const features = rows[0]?.length ?? 0;
  const columns = Array.from({ length: classes }, () => new Float64Array(features));
  return {
    /** rows · weights, [rows, classes] */
    times(weights) {
      for (const [c, column] of columns.entries()) {
        for (let j = 0; j < features; j++) column[j] = weights[j * classes + c];
      }
      const result = new Float64Array(rows.length * classes);
      for (const [i, row] of rows.entries()) {
        for (const [c, column] of columns.entries()) result[i * classes + c] = dot(row, column);
      }
      return result;
    },
    /** rowsᵀ · errors, [features, classes] */
    transposedTimes(errors) {
      for (const column of columns) column.fill(0);
      for (const [i, row] of rows.entries()) {
        for (const [c, column] of columns.entries()) {
          const error = errors[i * classes + c];
          for (let j = 0; j < features; j++) column[j] += error * row[j];
        }
      }
      const result = new Float64Array(features * classes);
      for (const [c, column] of columns.entries()) {
        for (let j = 0; j < features; j++) result[j * classes + c] = column[j];
      }
      return result;
    },
  };
}

/** The sum of a[j]·b[j]. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function dot(a, b) {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[j];
  return sum;
}
