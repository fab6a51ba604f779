export { type ExportedFiles, type ExportFilesOptions, exportFiles } from './export-files.js';
