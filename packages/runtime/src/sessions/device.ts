export const devices = ['cpu', 'cuda', 'webgpu', 'wasm'] as const;
/** The device that runs a graph: `cpu`, `cuda`, `webgpu` or `wasm`. */
export type Device = (typeof devices)[number];
/** One device, `auto` for the best device that works here, or several devices to try in order. */
export type DeviceChoice = Device | 'auto' | readonly Device[];
