import type { FastifyReply } from 'fastify';

/**
 * Calls back once when a request is over: its answer is sent, or its connection is closed. An answer that waits for
 * those of earlier requests of its connection has no socket yet, so it emits no `close` if the connection ends.
 */
export function whenOver({ raw, request }: FastifyReply, over: () => void): void {
  const { socket } = request.raw;
  if (socket.closed) {
    over();
    return;
  }
  let isOver = false;
  const end = () => {
    raw.off('close', end);
    socket.off('close', end);
    // The end of a connection ends its answer in between: both emit `close`.
    if (!isOver) over();
    isOver = true;
  };
  raw.on('close', end);
  socket.on('close', end);
}
