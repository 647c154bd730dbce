// A webhook of this machine, to try the bot on: prints what it is sent.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/** Receives posts; the first few it refuses, as a busy chat does. */
export async function receiver({ refusals }) {
  const server = createServer(async (request, response) => {
    const post = await json(request);
    if (refusals-- > 0) {
      response.writeHead(503, { 'Retry-After': '0.2' }).end();
      return;
    }
    console.log(JSON.stringify(post));
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${server.address().port}/`, close };
}
