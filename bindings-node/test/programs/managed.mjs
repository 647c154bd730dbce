// Prints the token of a managed identity, got through a library: node managed.mjs LIBRARY RESOURCE [CLIENT_ID]

const [library, resource, clientId] = process.argv.slice(2);

const libraries = {
  async '@azure/msal-node'({ ManagedIdentityApplication }) {
    const managedIdentityIdParams = clientId && { userAssignedClientId: clientId };
    const app = new ManagedIdentityApplication({ managedIdentityIdParams });
    return (await app.acquireToken({ resource })).accessToken;
  },
  async '@azure/identity'({ ManagedIdentityCredential }) {
    const credential = new ManagedIdentityCredential({ ...(clientId && { clientId }) });
    return (await credential.getToken(`${resource}/.default`)).token;
  },
};

process.stdout.write(await libraries[library](await import(library)));
