/** The device that runs a graph. */
export type Device = 'cpu' | 'webgpu' | 'cuda' | 'wasm';
/** One device, `auto` for the best device that works here, or several devices to try in order. */
export type DeviceChoice = Device | 'auto' | readonly Device[];
