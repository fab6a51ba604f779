/** The device that training runs on, and how it was chosen. */
export interface OpenedDevice<Device extends string = string> {
  readonly device: Device;
  /** The library that computes, and the reason for it. Absent if `engine` was given. */
  readonly engine?: string;
  /** Backends that `auto` prefers to this one but could not use. */
  readonly skipped: readonly SkippedBackend[];
}

/** A library or one of its devices that `auto` passed over. */
export interface SkippedBackend {
  readonly device: string;
  /** The machines or models that it is best for. */
  readonly use: string;
  /** Why it could not be used, and how to change that. */
  readonly reason: string;
}
