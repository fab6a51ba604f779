import { messageOf } from '@glow-onnx/runtime/internal';
import { readLabelTable } from './label-table.js';
import { type FoundLabels, labelsFrom } from './labels.js';

type LabelsOf = (files: readonly string[]) => FoundLabels;

/**
 * The labels of a folder of images: the attribute `folder`, and the columns of a CSV file.
 * @param named the CSV file. Default: metadata.csv in the folder, if it exists.
 * @returns a function that returns the labels of images.
 * @throws Error, also in that function, if a named file cannot be used. What is wrong with metadata.csv becomes a fault,
 * because it may be there for another program.
 */
export async function readLabels(folder: string, named: string | undefined): Promise<LabelsOf> {
  const orFault = (error: unknown): FoundLabels => {
    if (named !== undefined) throw new Error(`data: ${messageOf(error)}`, { cause: error });
    return { labels: {}, labelFaults: [{ reason: messageOf(error) }] };
  };
  const columnsOf = await readLabelTable(folder, named).catch((error: unknown): LabelsOf => {
    const fault = orFault(error);
    return () => fault;
  });
  return (files) =>
    merge(
      folderLabels(files),
      attempt(() => columnsOf(files), orFault),
    );
}

/** The attribute `folder`: the first folder in the path of each image. No attribute if an image has no folder. */
function folderLabels(files: readonly string[]): FoundLabels {
  if (!files.every((file) => file.includes('/'))) return { labels: {}, labelFaults: [] };
  const words = files.map((file) => file.slice(0, file.indexOf('/')));
  return attempt(
    () => ({ labels: { folder: labelsFrom('folder', words) }, labelFaults: [] }),
    (error) => ({
      labels: {},
      labelFaults: [{ attribute: 'folder', reason: messageOf(error) }],
    }),
  );
}

function attempt<T>(get: () => T, otherwise: (error: unknown) => T): T {
  try {
    return get();
  } catch (error) {
    return otherwise(error);
  }
}

/** Of two attributes with one name, the second counts. */
function merge(a: FoundLabels, b: FoundLabels): FoundLabels {
  return {
    ...b,
    labels: { ...a.labels, ...b.labels },
    labelFaults: [...a.labelFaults, ...b.labelFaults],
  };
}
