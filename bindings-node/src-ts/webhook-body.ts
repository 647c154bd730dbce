import type { IncomingMessage } from 'node:http';

/** The pieces of a body until there are more bytes than allowed. */
class Pieces {
  readonly #pieces: Uint8Array[] = [];
  #room: number;

  constructor(maxBytes: number) {
    this.#room = maxBytes;
  }

  /** Whether there was room for it. */
  take(piece: Uint8Array): boolean {
    this.#room -= piece.byteLength;
    if (this.#room < 0) this.#pieces.length = 0;
    else this.#pieces.push(piece);
    return this.#room >= 0;
  }

  joined(): Uint8Array {
    return Buffer.concat(this.#pieces);
  }
}

/** The body of a request of Node's; nothing if it has more bytes than allowed. */
export async function readMessage(
  message: IncomingMessage & { body?: unknown },
  maxBytes: number,
): Promise<Uint8Array | null> {
  if (message.body !== undefined && message.readableDidRead) return alreadyRead(message.body, maxBytes);
  const pieces = new Pieces(maxBytes);
  if (message.readableEnded || message.destroyed) return pieces.joined();
  // By events: leaving a loop over the message would end the connection, and with it the answer.
  return new Promise((resolve, reject) => {
    const take = (piece: Buffer) => {
      if (pieces.take(piece)) return;
      message.off('data', take).pause();
      resolve(null);
    };
    message.on('data', take);
    message.once('end', () => resolve(pieces.joined()));
    message.once('error', reject);
    message.once('close', () => reject(new Error('the request ended before its body did')));
  });
}

/** The body of a `Request`; nothing if it has more bytes than allowed. */
export async function readRequest(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  const pieces = new Pieces(maxBytes);
  const reader = request.body?.getReader();
  for (let read = await reader?.read(); read?.value; read = await reader?.read()) {
    if (pieces.take(read.value)) continue;
    await reader?.cancel();
    return null;
  }
  return pieces.joined();
}

/** What a parser in front of us, such as `express.json()`, has made of the body. */
function alreadyRead(body: unknown, maxBytes: number): Uint8Array | null {
  const bytes =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return bytes.byteLength > maxBytes ? null : bytes;
}
