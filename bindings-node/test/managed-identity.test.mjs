// MSAL and Azure Identity for Node on machines that the sandbox plays: no credential but the machine's own.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { Outside } from './outside.mjs';

let outside, folder, environments;
before(async () => {
  outside = await Outside.start();
  folder = mkdtempSync(join(tmpdir(), 'm365kit-'));
  const { header, serverThumbprint, ...at } = outside.machine;
  const usual = (endpoint) => ({ IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header });
  environments = {
    imds: { AZURE_POD_IDENTITY_AUTHORITY_HOST: at.imds },
    app_service: usual(at.appService),
    machine_learning: { MSI_ENDPOINT: at.machineLearning, MSI_SECRET: header },
    service_fabric: { ...usual(at.serviceFabric), IDENTITY_SERVER_THUMBPRINT: serverThumbprint },
  };
});
after(() => {
  outside.sandbox.close();
  rmSync(folder, { recursive: true });
});

/** A process of its own each time: the libraries find out once, and for good, what their machine is. */
async function ask(library, environment, clientId = '') {
  const ca = join(folder, 'authority.pem');
  writeFileSync(ca, outside.sandbox.caCertificate);
  const program = join(import.meta.dirname, 'programs', 'managed.mjs');
  const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: ca, ...environment };
  const args = [program, library, outside.sandbox.url, clientId];
  return (await promisify(execFile)(process.execPath, args, { env })).stdout;
}

for (const library of ['@azure/msal-node', '@azure/identity']) {
  for (const host of ['imds', 'app_service', 'machine_learning', 'service_fabric']) {
    // Service Fabric knows the identity of the application only.
    for (const assigned of host === 'service_fabric' ? [false] : [false, true]) {
      test(`${library} on ${host}, ${assigned ? 'user' : 'system'}`, async () => {
        const [user] = outside.machine.user;
        const token = await ask(library, environments[host], assigned ? user.clientId : undefined);
        const claims = await outside.check(token, { grant: 'managed_identity', credential: host });
        assert.equal(claims.appid === user.clientId, assigned);
        assert.equal(claims.xms_mirid, assigned ? user.resourceId : undefined);
      });
    }
  }
}

test('an identity that the machine does not have', async () => {
  const nobody = '00000000-0000-0000-0000-000000000001';
  for (const library of ['@azure/msal-node', '@azure/identity']) {
    await assert.rejects(ask(library, environments.app_service, nobody), /Identity not found/);
  }
});
