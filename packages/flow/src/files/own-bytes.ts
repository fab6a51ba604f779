/**
 * Bytes in memory that no other thread shares, which the Web's functions ask for: `Uint8Array<ArrayBuffer>`. Published
 * types cannot say it so, because before TypeScript 5.7 these types have no parameter.
 */
export type OwnBytes = ReturnType<typeof Uint8Array.of>;
