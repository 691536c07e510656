// Drives the calls of accounts by the public API's own client, unmodified but for its base address.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [client, baseURL, apiToken, accountId] = process.argv.slice(2);
const { Cloudflare } = createRequire(`${client}/`)('cloudflare');
const as = (token) => new Cloudflare({ apiToken: token, baseURL, maxRetries: 0 });
const account_id = accountId;
const owner = as(apiToken);
const password = 'a long first password';

async function all(pages) {
  const found = [];
  for await (const one of pages) {
    found.push(one);
  }

  return found;
}

async function refused(call, status) {
  await assert.rejects(call, (error) => error.status === status && error.errors[0].message.length > 0);
}

// The user and his accounts.
const user = await owner.user.get();
assert.equal((await owner.user.edit({ first_name: 'Own', last_name: 'Er' })).first_name, 'Own');
assert.equal((await owner.user.tokens.verify()).status, 'active');
assert.deepEqual((await all(owner.accounts.list())).map((one) => one.id), [accountId]);
assert.equal((await owner.accounts.get({ account_id })).name, 'default');
assert.equal((await all(owner.memberships.list())).length, 1);

// Tokens of the account.
const groups = await all(owner.accounts.tokens.permissionGroups.list({ account_id }));
const group = (name) => ({ id: groups.find((one) => one.name === name).id });
const settings = (name, ...names) => ({
  account_id,
  name,
  policies: [{ effect: 'allow', permission_groups: names.map(group), resources: { [`com.cloudflare.api.account.${accountId}`]: '*' } }],
});
const made = await owner.accounts.tokens.create(settings('workflow', 'Account API Tokens Read', 'Workers Scripts Read'));
assert.match(made.value, /^ska_/);
const workflow = as(made.value);
assert.equal((await workflow.accounts.tokens.verify({ account_id })).id, made.id);
assert.equal((await workflow.durableObjects.namespaces.list({ account_id })).result[0].class, 'Flight');
await refused(workflow.accounts.tokens.create(settings('more', 'Queues Write')), 403);
await refused(workflow.user.get(), 403);
await refused(as('ska_nonsense').accounts.list(), 401);
assert.equal((await owner.accounts.tokens.update(made.id, settings('renamed', 'Account API Tokens Read'))).name, 'renamed');
assert.equal((await owner.accounts.tokens.get(made.id, { account_id })).policies[0].permission_groups[0].name, 'Account API Tokens Read');
for (let i = 0; i < 25; i++) {
  await owner.accounts.tokens.create(settings(`page ${i}`, 'Queues Read'));
}

const listed = await all(owner.accounts.tokens.list({ account_id }));
assert.equal(new Set(listed.map((one) => one.id)).size, 26);
const value = await owner.accounts.tokens.value.update(made.id, { account_id, body: {} });
assert.equal((await as(value).accounts.tokens.verify({ account_id })).status, 'active');
assert.equal((await owner.accounts.tokens.delete(made.id, { account_id })).id, made.id);
await refused(owner.accounts.tokens.get(made.id, { account_id }), 404);

// Tokens of the user.
const own = await owner.user.tokens.create({ ...settings('mine', 'Queues Read'), account_id: undefined });
assert.match(own.value, /^sku_/);
assert.ok((await all(owner.user.tokens.list())).some((one) => one.id === own.id));
assert.match(await owner.user.tokens.value.update(own.id, { body: {} }), /^sku_/);
assert.equal((await owner.user.tokens.delete(own.id)).id, own.id);

// Roles and members.
const roles = await all(owner.accounts.roles.list({ account_id }));
const role = (name) => roles.find((one) => one.name === name);
assert.equal((await owner.accounts.roles.get(roles[0].id, { account_id })).name, roles[0].name);
await owner.post(`/accounts/${accountId}/skerry/users`, { body: { email: 'ada@example.com', password } });
const invited = await owner.accounts.members.create({ account_id, email: 'ada@example.com', roles: [role('Administrator Read Only').id] });
assert.equal(invited.status, 'pending');
const session = await owner.post('/skerry/sign-in', { body: { email: 'ada@example.com', password } });
const ada = as(session.result.token);
const [membership] = await all(ada.memberships.list({ status: 'pending' }));
assert.equal((await ada.memberships.update(membership.id, { status: 'accepted' })).status, 'accepted');
assert.equal((await all(owner.accounts.members.list({ account_id }))).length, 2);
const changed = await owner.accounts.members.update(invited.id, { account_id, roles: [{ id: role('Audit Logs Viewer').id }] });
assert.equal(changed.roles[0].name, 'Audit Logs Viewer');
await refused(ada.accounts.members.create({ account_id, email: 'friend@example.com', roles: [roles[0].id] }), 403);
assert.equal((await owner.accounts.members.delete(invited.id, { account_id })).id, invited.id);
const [first] = await all(owner.accounts.members.list({ account_id }));
await refused(owner.accounts.members.delete(first.id, { account_id }), 409);

// The log of all that, in parts.
const log = await all(owner.accounts.logs.audit.list({ account_id, since: '2020-01-01', before: '2999-01-01', limit: 10, direction: 'asc' }));
assert.ok(log.length > 30);
const deletion = log.find((one) => one.action.type === 'delete' && one.resource.id === made.id);
assert.equal(deletion.actor.id, user.id);
assert.equal(deletion.actor.token_name, 'credentials.json');
console.log('all of it');
