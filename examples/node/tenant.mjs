// Where the examples read from.

import { Client, ClientSecret, Sandbox } from 'm365kit';

// It lives as long as somebody holds it.
let sandbox;

/** A client of the tenant that the environment names; without one, of a simulated tenant that is made as told. */
export async function tenant(simulated = {}) {
  const { TENANT, CLIENT_ID, CLIENT_SECRET } = process.env;
  if (TENANT) {
    const credential = new ClientSecret({ clientId: CLIENT_ID, secret: CLIENT_SECRET });
    return new Client({ tenant: TENANT, credential });
  }
  const subscribed = ['Audit.AzureActiveDirectory', 'Audit.Exchange'];
  sandbox = await Sandbox.start({ subscribed, ...simulated });
  return sandbox.client();
}
