// The page of accounts: everything that it shows and does, it asks the management API for, with the token of a session.
// The token is kept by this tab only. All text of the API is put in as text.
'use strict';

const at = (id) => document.getElementById(id);
const key = 'skerry-token';
let token = sessionStorage.getItem(key);
let account = null;

class Refused extends Error {
  constructor(status, answer) {
    super(answer.errors?.map((one) => one.message).join(' ') || 'The node does not answer.');
    this.status = status;
  }
}

async function call(method, path, body) {
  const response = await fetch(`/client/v4${path}`, {
    method,
    headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
    cache: 'no-store',
  });
  const answer = await response.json();
  if (!answer.success) throw new Refused(response.status, answer);
  return answer.result;
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

function row(...cells) {
  const made = document.createElement('tr');
  made.append(...cells.map((cell) => {
    const td = document.createElement('td');
    td.append(...[cell].flat());
    return td;
  }));
  return made;
}

const time = (text) => (text ? new Date(text).toLocaleString() : 'never');
const told = (card) => card.closest('section').querySelector('.told');

function tell(place, text, kind = '') {
  place.className = `told ${kind}`;
  place.textContent = text;
}

// Runs what a form or button does: once at a time, and with its refusal told beside it.
function act(place, work) {
  return async (event) => {
    event.preventDefault();
    const button = event.submitter ?? event.currentTarget;
    button.disabled = true;
    tell(place, '');
    try {
      await work(event);
    } catch (error) {
      tell(place, error.message, 'bad');
      if (error.status === 401 && token) leave();
    } finally {
      button.disabled = false;
    }
  };
}

function button(text, place, work, danger = false) {
  const made = element('button', text, { type: 'button', class: danger ? 'quiet danger' : 'quiet' });
  made.addEventListener('click', act(place, work));
  return made;
}

function showValue(place, what, value) {
  place.className = 'told once';
  place.replaceChildren(element('strong', `${what} Copy it now, it is shown this once: `), element('code', value));
}

// Passkeys: bytes travel as base64url.
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0));
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

function withBytes(options) {
  options.challenge = toBytes(options.challenge);
  if (options.user) options.user.id = toBytes(options.user.id);
  for (const list of [options.allowCredentials, options.excludeCredentials]) list?.forEach((one) => { one.id = toBytes(one.id); });
  return options;
}

function withText(credential) {
  const { response } = credential;
  const sent = { clientDataJSON: toText(response.clientDataJSON) };
  for (const name of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[name]) sent[name] = toText(response[name]);
  }

  if (response.getTransports) sent.transports = response.getTransports();
  return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, clientExtensionResults: credential.getClientExtensionResults(), response: sent };
}

async function enter(value) {
  token = value;
  sessionStorage.setItem(key, value);
  await open();
}

function leave() {
  sessionStorage.removeItem(key);
  token = null;
  location.replace('/account');
}

async function open() {
  const accounts = await call('GET', '/accounts?per_page=50');
  at('sign-in').hidden = true;
  at('inside').hidden = at('who').hidden = false;
  at('account').replaceChildren(...accounts.map((one) => element('option', `${one.name} (${one.id})`, { value: one.id })));
  const user = await call('GET', '/user').catch(() => null);
  at('email').textContent = user ? user.email : 'a token of an account';
  document.querySelector('#password [name=email]').value = user?.email ?? '';
  at('me-card').hidden = !user;
  if (user) await part('me-card', showMe);
  account = accounts[0]?.id ?? null;
  await showAccount();
}

async function showAccount() {
  for (const id of ['tokens-card', 'members-card', 'audit-card']) at(id).hidden = !account;
  if (!account) return;
  const base = `/accounts/${account}`;

  // What the token may not see is left out, and said to be so.
  await Promise.all([
    part('tokens-card', async () => {
      const [tokens, groups] = await Promise.all([call('GET', `${base}/tokens?per_page=50`), call('GET', `${base}/tokens/permission_groups`)]);
      at('groups').replaceChildren(...groups.map((one) => element('option', one.name, { value: one.id })));
      at('tokens').replaceChildren(...tokens.map(tokenRow));
    }),
    part('members-card', async () => {
      const [members, roles] = await Promise.all([call('GET', `${base}/members?per_page=50`), call('GET', `${base}/roles?per_page=50`)]);
      at('roles').replaceChildren(...roles.map((one) => element('option', one.name, { value: one.id, title: one.description })));
      at('members').replaceChildren(...members.map(memberRow));
    }),
    part('audit-card', showAudit),
  ]);
}

async function part(card, show) {
  try {
    await show();
  } catch (error) {
    tell(at(card).querySelector('.told'), error.message, 'bad');
  }
}

function tokenRow(one) {
  const place = told(at('tokens'));
  const path = `/accounts/${account}/tokens/${one.id}`;
  const may = one.policies.map((policy) => (policy.effect === 'deny' ? 'not ' : '')
    + (policy.permission_groups.length > 2 ? `${policy.permission_groups[0].name} and ${policy.permission_groups.length - 1} more` : policy.permission_groups.map((group) => group.name).join(', '))).join('; ');
  return row(
    element('span', one.name, { title: one.id }),
    may,
    element('span', one.status, { class: one.status === 'active' ? 'ok' : 'bad' }),
    time(one.last_used_on),
    [
      button('Roll', place, async () => {
        if (!confirm(`Give "${one.name}" another value? The old one ends at once.`)) return;
        const value = await call('PUT', `${path}/value`, {});
        await showAccount();
        showValue(place, `The new value of ${one.name}.`, value);
      }),
      button('Delete', place, async () => {
        if (confirm(`Delete the token "${one.name}"? Whatever uses it stops.`)) {
          await call('DELETE', path);
          await showAccount();
        }
      }, true),
    ]);
}

function memberRow(one) {
  const place = told(at('members'));
  return row(
    one.email,
    [...one.roles.map((role) => role.name), ...(one.policies.length ? [`${one.policies.length} policies`] : [])].join(', '),
    element('span', one.status, { class: one.status === 'accepted' ? 'ok' : '' }),
    button(one.status === 'accepted' ? 'Remove' : 'Take back', place, async () => {
      if (confirm(`Remove ${one.email}? Tokens of the account that were made by that member stay.`)) {
        await call('DELETE', `/accounts/${account}/members/${one.id}`);
        await showAccount();
      }
    }, true));
}

async function showAudit() {
  const entries = await call('GET', `/accounts/${account}/logs/audit?limit=25`);
  at('audit').replaceChildren(...entries.map((one) => row(
    time(one.action.time),
    one.action.description,
    element('code', one.resource.id),
    one.actor.token_name ? `${one.actor.type}, token ${one.actor.token_name}` : one.actor.type,
    one.actor.ip_address ?? '–')));
}

async function showMe() {
  const place = told(at('sessions'));
  const [memberships, sessions, passkeys, links] = await Promise.all([
    call('GET', '/memberships?per_page=50'), call('GET', '/user/skerry/sessions'), call('GET', '/user/skerry/passkeys'), call('GET', '/user/skerry/links'),
  ]);
  at('memberships').replaceChildren(...memberships.map((one) => row(
    one.account.name,
    one.roles.join(', '),
    [
      ...(one.status === 'pending' ? [button('Accept', place, async () => {
        await call('PUT', `/memberships/${one.id}`, { status: 'accepted' });
        await open();
      })] : []),
      button(one.status === 'pending' ? 'Decline' : 'Leave', place, async () => {
        if (confirm(`Leave ${one.account.name}?`)) {
          await call('DELETE', `/memberships/${one.id}`);
          await open();
        }
      }, true),
    ])));
  at('sessions').replaceChildren(
    ...sessions.map((one) => row(
      `${one.is_current ? 'This session' : 'Session'}${one.ip_address ? ` from ${one.ip_address}` : ''}`,
      time(one.created_on),
      time(one.last_used_on),
      button('End', place, async () => {
        await call('DELETE', `/user/skerry/sessions/${one.id}`);
        if (one.is_current) leave(); else await showMe();
      }, true))),
    ...passkeys.map((one) => row(
      `Passkey ${one.name}`,
      time(one.created_on),
      time(one.last_used_on),
      button('Remove', place, async () => {
        await call('DELETE', `/user/skerry/passkeys/${one.id}`);
        await showMe();
      }, true))),
    ...links.map((one) => row(
      `${one.subject} at ${one.issuer}`,
      '',
      '',
      button('Unlink', place, async () => {
        await call('DELETE', '/user/skerry/links', { issuer: one.issuer, subject: one.subject });
        await showMe();
      }, true))));
}

const signInPlace = told(at('by-password'));
at('by-password').addEventListener('submit', act(signInPlace, async (event) => {
  const form = new FormData(event.target);
  const session = await call('POST', '/skerry/sign-in', { email: form.get('email'), password: form.get('password'), ...(form.get('code') ? { code: form.get('code') } : {}) });
  await enter(session.token);
}));
at('by-passkey').addEventListener('click', act(signInPlace, async () => {
  const email = at('by-password').elements.email.value;
  if (!email) throw new Error('Type your e-mail address first.');
  const publicKey = withBytes(await call('POST', '/skerry/sign-in/passkey/begin', { email }));
  const response = withText(await navigator.credentials.get({ publicKey }));
  await enter((await call('POST', '/skerry/sign-in/passkey', { email, response })).token);
}));
at('by-token').addEventListener('submit', act(signInPlace, async (event) => {
  const value = new FormData(event.target).get('token').trim();
  token = value;
  try {
    await call('GET', '/accounts');
  } catch (error) {
    token = null;
    throw error;
  }

  await enter(value);
}));
at('sign-out').addEventListener('click', act(signInPlace, async () => {
  // A token that is no session stays what it is.
  const sessions = await call('GET', '/user/skerry/sessions').catch((error) => { if (error.status === 403) return []; throw error; });
  const own = sessions.find((one) => one.is_current);
  if (own) await call('DELETE', `/user/skerry/sessions/${own.id}`);
  leave();
}));
at('account').addEventListener('change', async () => {
  account = at('account').value;
  await showAccount();
});
at('new-token').addEventListener('submit', act(told(at('tokens')), async (event) => {
  const form = new FormData(event.target);
  const made = await call('POST', `/accounts/${account}/tokens`, {
    name: form.get('name'),
    policies: [{
      effect: 'allow',
      permission_groups: form.getAll('groups').map((id) => ({ id })),
      resources: { [`com.cloudflare.api.account.${account}`]: '*' },
    }],
    ...(form.get('expires') ? { expires_on: new Date(form.get('expires')).toISOString() } : {}),
  });
  event.target.reset();
  await showAccount();
  showValue(told(at('tokens')), `The token ${made.name}.`, made.value);
}));
at('invite').addEventListener('submit', act(told(at('members')), async (event) => {
  const form = new FormData(event.target);
  await call('POST', `/accounts/${account}/members`, { email: form.get('email'), roles: [form.get('role')] });
  event.target.reset();
  await showAccount();
}));
at('verify').addEventListener('submit', act(told(at('audit')), async () => {
  let proof = {};
  do {
    proof = await call('POST', `/accounts/${account}/skerry/audit/verify`, proof.entries ? { entries: proof.entries, head: proof.head } : {});
  } while (proof.holds && !proof.complete);
  tell(told(at('audit')), proof.holds ? `All ${proof.entries} entries are as they were written.` : `Up to entry ${proof.entries} all is well; ${proof.problem}.`, proof.holds ? 'ok' : 'bad');
}));
at('new-passkey').addEventListener('submit', act(told(at('sessions')), async (event) => {
  const publicKey = withBytes(await call('POST', '/user/skerry/passkeys/begin'));
  const response = withText(await navigator.credentials.create({ publicKey }));
  await call('POST', '/user/skerry/passkeys', { name: new FormData(event.target).get('name'), response });
  event.target.reset();
  await showMe();
}));
at('password').addEventListener('submit', act(told(at('sessions')), async (event) => {
  const form = new FormData(event.target);
  await call('PUT', '/user/skerry/password', { ...(form.get('current') ? { current_password: form.get('current') } : {}), password: form.get('next'), end_tokens: form.get('tokens') === 'end' });
  event.target.reset();
  await showMe();
  tell(told(at('sessions')), 'The password is changed, and all other sessions have ended.', 'ok');
}));

// What another sign-in brings comes behind the #, which no server sees. It counts only if this tab has gone there: a link of
// somebody else's must not sign anybody in as somebody else.
const gone = 'skerry-gone-to-sign-in';
const fragment = new URLSearchParams(location.hash.slice(1));
const expected = sessionStorage.getItem(gone);
sessionStorage.removeItem(gone);
const brought = expected && (fragment.get('tab') === expected || fragment.has('problem')) ? fragment : new URLSearchParams();
function go() {
  const tab = Array.from(crypto.getRandomValues(new Uint8Array(24)), (one) => one.toString(16).padStart(2, '0')).join('');
  sessionStorage.setItem(gone, tab);
  return tab;
}

at('by-oidc').addEventListener('click', () => { at('by-oidc').href = `/sign-in/oidc?tab=${go()}`; });
at('link').addEventListener('submit', act(told(at('sessions')), async () => {
  const { url } = await call('POST', `/user/skerry/links?tab=${go()}`, {});
  location.assign(url);
}));
history.replaceState(null, '', '/account');
fetch('/sign-in/methods').then((answer) => (answer.ok ? answer.json() : {})).then((methods) => {
  at('by-oidc').hidden = !methods.oidc;
  at('by-oidc').textContent = methods.oidc ? `Sign in with ${methods.oidc.name}` : '';
  at('link').hidden = !methods.oidc;
}, () => {});
if (brought.get('problem')) tell(token ? told(at('sessions')) : signInPlace, brought.get('problem'), 'bad');
if (brought.get('linked')) tell(told(at('sessions')), `${brought.get('linked')} can sign in as you now.`, 'ok');
const begun = brought.get('session') ? enter(brought.get('session')) : token ? open() : null;
begun?.catch((error) => {
  sessionStorage.removeItem(key);
  token = null;
  at('sign-in').hidden = false;
  at('inside').hidden = at('who').hidden = true;
  tell(signInPlace, error.message, 'bad');
});
