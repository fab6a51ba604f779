/** How files are fetched. */
export interface NetworkOptions {
  /**
   * The time in milliseconds after which a silent server is given up: no answer, or fewer than 500 bytes per second.
   * Default 15,000.
   */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * Node only: a server on the internet may redirect to an address in a private network, such as `192.168.1.2` or
   * `localhost`. Default false. A folder that is loaded from a private address may always redirect there.
   */
  readonly privateRedirects?: boolean | undefined;
  /** How to reach the model hub, for a source such as `hf:owner/name`. */
  readonly hub?: HubOptions | undefined;
}

/** How to reach a model hub. */
export interface HubOptions {
  /**
   * An access token, for repositories that are not public. It goes to the origin of the hub alone, and into no message.
   * Default in Node: the token of the environment, of `HF_TOKEN` or of the file of `hf auth login`, if the hub is that
   * of the environment too.
   */
  readonly token?: string | undefined;
  /** The address of the hub. Default: in Node `HF_ENDPOINT`; otherwise `https://huggingface.co`. */
  readonly endpoint?: string | undefined;
}
