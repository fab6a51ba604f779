/** Where a graph runs. */
export type Device = 'cpu' | 'webgpu' | 'cuda' | 'wasm';
/** One device, `auto` for the best there is, or several to try in order. */
export type DeviceChoice = Device | 'auto' | readonly Device[];
