/** Whether WebAssembly can be compiled here. */
export function canCompileWasm(): boolean {
  try {
    // The shortest module: a magic number and a version.
    return (
      new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) instanceof WebAssembly.Module
    );
  } catch {
    return false; // a content security policy, or no WebAssembly at all
  }
}
