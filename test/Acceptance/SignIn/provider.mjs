// A real OpenID Connect provider, with its own pages for signing in. Whoever signs in as NAME has the address
// NAME@example.com, and it is verified unless the name begins with "unverified".
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, clientId, clientSecret, ...redirectUris] = process.argv.slice(2);
const entry = createRequire(`${folder}/`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(entry));

// The provider's issuer has its port in it, so a listener finds a free one first.
const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: redirectUris }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['not a secret'] },
  pkce: { required: () => true, methods: ['S256'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: !id.startsWith('unverified') }),
  }),
});
server.on('request', provider.callback());
console.log(issuer);

// Ends with whoever started it.
process.stdin.resume();
process.stdin.on('end', () => process.exit());
