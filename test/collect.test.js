'use strict';

/*
 * Moving from elsewhere, as docs/migration.md says: flows that had their secrets in nodes of
 * node-red-contrib-credentials, in plain global context or in the environment read the same values
 * afterwards, and the old copies are gone.
 */

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { promisify } = require('node:util');
const { onBothVersions } = require('./lib/both-versions');
const flows = require('./lib/flows');
const { NodeRed, root } = require('./lib/node-red');
const { Service } = require('./lib/service');
const { temporaryDirectory } = require('./lib/temporary');
const { tool } = require('./lib/tools');
const { failureOf } = require('./lib/until');

const { endpoint, expressionNode, functionNode, secretManager, secretSource, setPayload, tab } =
  flows;

const service = new Service();
before(() => service.start());
after(() => service.stop());

/**
 * @param {string} userDir
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function collect(userDir, args, env) {
  const program = path.join(root, 'bin/secret-manager-collect.js');
  return promisify(execFile)(process.execPath, [program, '--user-dir', userDir, ...args], {
    env: { ...process.env, ...env },
  });
}

/**
 * What the person does with the file: imports it and gives Node-RED a source.
 * @param {string} space
 * @param {string} file
 */
function imported(space, file) {
  service.command(['space', 'create', space]);
  service.command(['import', '--space', space, '--format', 'json', file]);
  const { token } = service.command(['token', 'create', '--space', space, '--name', 'migration']);
  return [secretSource({ url: service.url, token }), secretManager()];
}

/**
 * A node of node-red-contrib-credentials as its panel leaves it.
 * @param {string} name
 * @param {Array<[string, string, string]>} values with type and property of where to
 */
function credentialsNode(name, values) {
  return {
    type: 'credentials',
    name,
    props: values.map(([type, value]) => ({ value, type })),
    credentials: { creds: JSON.stringify(values.map(([, , value]) => ({ value, type: 'str' }))) },
  };
}

/**
 * What takes its place.
 * @param {Array<[string, string, string]>} values with type and property of where to, and the secret
 */
function changeNode(values) {
  const rules = values.map(([pt, p, secret]) => ({ t: 'set', p, pt, to: secret, tot: 'global' }));
  return { type: 'change', rules };
}

onBothVersions('Secrets of node-red-contrib-credentials', (version) => {
  for (const credentialSecret of ['of the settings', undefined]) {
    const key = credentialSecret ? 'own' : 'generated';
    test(`move over, encrypted with a key that is ${key}`, async () => {
      const reading = functionNode(
        'msg.payload = [msg.username, msg.password, msg.token, global.get("wp.key")]; return msg;',
      );
      const options = { settings: { credentialSecret } };
      const login = /** @type {any} */ ([
        ['msg', 'username', 'ada'],
        ['msg', 'password', 'lovelace "1"'],
        ['global', 'wp.key', 'shared'],
      ]);
      const old = await NodeRed.start(version, options);
      await old.stop();
      fs.symlinkSync(
        tool('node-red-contrib-credentials'),
        path.join(old.userDir, 'node_modules/node-red-contrib-credentials'),
      );
      let red = await NodeRed.start(version, { ...options, userDir: old.userDir });
      await red.deploy([
        tab,
        ...endpoint('login', credentialsNode('WordPress login', login), reading),
        ...endpoint(
          'other',
          credentialsNode('', [
            ['msg', 'password', 'another'],
            ['msg', 'token', 'ünicode'],
          ]),
          reading,
        ),
      ]);
      const login1 = await red.ask('/login');
      const other1 = await red.ask('/other');
      assert.deepEqual(login1, ['ada', 'lovelace "1"', null, 'shared']);
      await red.stop();

      const file = path.join(red.userDir, 'secrets.json');
      const { stdout } = await collect(red.userDir, ['--from', 'credentials', '--output', file]);
      assert.match(stdout, /WordPress_login_password \(text\), so far password/);
      assert.match(stdout, /Delete node other-0 from the flows/);
      assert.ok(!stdout.includes('lovelace'));
      assert.equal(fs.statSync(file).mode & 0o777, 0o600);
      const manager = imported(`credentials-${version}-${key}`, file);

      red = await NodeRed.start(version, { ...options, userDir: old.userDir });
      // The key in global context is read where it is now.
      const moved = { ...reading, func: reading.func.replace('wp.key', 'SECRETS.wp.key') };
      await red.deploy([
        tab,
        ...manager,
        ...endpoint(
          'login',
          changeNode([
            ['msg', 'username', 'SECRETS.username'],
            ['msg', 'password', 'SECRETS.WordPress_login_password'],
          ]),
          moved,
        ),
        ...endpoint(
          'other',
          changeNode([
            ['msg', 'password', 'SECRETS.other-0_password'],
            ['msg', 'token', 'SECRETS.token'],
          ]),
          moved,
        ),
      ]);
      await red.status('manager', '🆗 Synced');
      assert.deepEqual(await red.ask('/login'), login1);
      assert.deepEqual(await red.ask('/other'), other1);
      await red.stop();
      // Nothing is left of the nodes: only the source's token is encrypted there now.
      const again = await failureOf(collect(red.userDir, ['--from', 'credentials']));
      assert.match(again.stderr, /nothing to take/);
    });
  }
});

onBothVersions('Secrets of plain global context', (version) => {
  const write = functionNode(
    'global.set("API_KEY", "plain-api-key"); global.set("DB", { user: "app", ports: [1, 2] });' +
      'global.set("LONG", "x".repeat(5000)); return msg;',
  );
  const old = ['API_KEY', 'DB', 'LONG'];
  const read = [setPayload('API_KEY', 'global'), expressionNode('[msg.payload, global.get("DB")]')];
  const moved = [
    setPayload('SECRETS.API_KEY', 'global'),
    expressionNode('[msg.payload, global.get("SECRETS.DB")]'),
  ];

  test('move over from the file of a file store and from the settings file', async () => {
    const contextStorage = { default: { module: 'localfilesystem', config: { flushInterval: 1 } } };
    const options = {
      settings: { contextStorage },
      extraSettings: `functionGlobalContext: { SEED: process.env.SEED, os: require('os') }`,
      env: { SEED: 'seed-value' },
    };
    let red = await NodeRed.start(version, options);
    await red.deploy([tab, ...endpoint('write', write), ...endpoint('read', ...read)]);
    await red.ask('/write');
    const values = await red.ask('/read');
    await red.stop();
    const stored = path.join(red.userDir, 'context/global/global.json');
    assert.match(fs.readFileSync(stored, 'utf8'), /plain-api-key/);

    const file = path.join(red.userDir, 'secrets.json');
    const args = ['--from', 'context', '--output', file];
    const { stdout } = await collect(red.userDir, args, options.env);
    assert.match(stdout, /DB \(json\)/);
    assert.match(stdout, /os: it is not data/);
    const secrets = JSON.parse(fs.readFileSync(file, 'utf8'));
    assert.deepEqual([secrets.SEED, secrets.LONG.length], ['seed-value', 5000]);
    const manager = imported(`context-${version}`, file);

    red = await NodeRed.start(version, {
      settings: options.settings,
      userDir: red.userDir,
    });
    await red.deploy([tab, ...manager, ...endpoint('read', ...moved)]);
    await red.status('manager', '🆗 Synced');
    assert.deepEqual(await red.ask('/read'), values);
    for (const key of [...old, 'SEED']) await red.request('DELETE', `/context/global/${key}`);
    assert.deepEqual(await red.ask('/read'), values);
    await red.stop();
    const left = fs.readFileSync(stored, 'utf8');
    for (const value of ['plain-api-key', 'app', 'xxx', 'seed-value']) {
      assert.ok(!left.includes(value), value);
    }
  });

  test('move over from the memory of a running Node-RED', async (t) => {
    const red = await NodeRed.start(version);
    t.after(() => red.stop());
    await red.deploy([tab, ...endpoint('write', write), ...endpoint('read', ...read)]);
    await red.ask('/write');
    const values = await red.ask('/read');
    const file = path.join(red.userDir, 'secrets.json');
    const args = ['--from', 'context', '--node-red', red.url, '--output', file];
    const { stdout } = await collect(red.userDir, args);
    // Node-RED cuts what it tells to people, and half a secret is none.
    assert.match(stdout, /LONG: Node-RED doesn't tell all of it \(string\[5000\]\)/);

    const manager = imported(`memory-${version}`, file);
    await red.deploy([tab, ...manager, ...endpoint('read', ...moved)]);
    await red.status('manager', '🆗 Synced');
    for (const key of old) await red.request('DELETE', `/context/global/${key}`);
    assert.deepEqual(await red.ask('/read'), values);
    // What the node put there is not collected again.
    const again = await failureOf(collect(red.userDir, args));
    assert.match(again.stderr, /nothing to take/);
  });
});

onBothVersions('Secrets of the environment', (version) => {
  test('move over from an environment file into the built-in vault', async () => {
    const environment = 'API_KEY="from the file"\n# comment\nSPARE=unused\nHOST=db.example.com\n';
    // Without a source: the built-in vault.
    const manager = secretManager({ source: '' });
    let red = await NodeRed.start(version, {
      env: { API_KEY: 'from the file', HOST: 'db.example.com' },
      files: { environment },
    });
    await red.deploy([
      tab,
      manager,
      ...endpoint('typed', setPayload('API_KEY', 'env')),
      ...endpoint('code', expressionNode('env.get("HOST")')),
      ...endpoint('missing', expressionNode('env.get("NEVER_SET")')),
    ]);
    await red.status('manager', '🆗 Synced');
    const values = [await red.ask('/typed'), await red.ask('/code')];

    const file = path.join(red.userDir, 'environment');
    const args = ['--from', 'environment', '--env-file', file, '--import'];
    const { stdout } = await collect(red.userDir, args);
    assert.match(stdout, /NEVER_SET: it is not set/);
    assert.match(stdout, /In the vault: 2 added, 0 changed, 0 as they were/);
    assert.ok(!stdout.includes('from the file'));
    const again = await collect(red.userDir, args);
    assert.match(again.stdout, /In the vault: 0 added, 0 changed, 2 as they were/);

    await red.deploy([
      tab,
      manager,
      ...endpoint('typed', setPayload('SECRETS.API_KEY', 'global')),
      ...endpoint('code', expressionNode('global.get("SECRETS.HOST")')),
    ]);
    await red.stop();
    fs.rmSync(file);
    red = await NodeRed.start(version, { userDir: red.userDir });
    await red.status('manager', '🆗 Synced');
    assert.deepEqual([await red.ask('/typed'), await red.ask('/code')], values);
    await red.stop();
  });
});

test('names alone are shown unless values are asked for, and to nobody else', async () => {
  const userDir = directoryWith({ 'flows.json': [], 'context/global/global.json': { A: 'value' } });
  const shown = await collect(userDir, ['--from', 'context']);
  assert.match(shown.stdout, /A \(text\)/);
  assert.ok(!(shown.stdout + shown.stderr).includes('value'));

  const piped = await collect(userDir, ['--from', 'context', '--output', '-']);
  assert.deepEqual(JSON.parse(piped.stdout), { A: 'value' });
  assert.match(piped.stderr, /A \(text\)/);

  const file = path.join(userDir, 'there');
  fs.writeFileSync(file, 'something else');
  const refused = await failureOf(collect(userDir, ['--from', 'context', '--output', file]));
  assert.match(refused.stderr, /it is there already/);
  assert.equal(fs.readFileSync(file, 'utf8'), 'something else');
});

test('names that a space would refuse are changed, and it is said', async () => {
  const context = { 'my key': 'a', my_key: 'b', toJSON: 'c', '1st': 'd', ÄÖ: 'e', EMPTY: '' };
  const userDir = directoryWith({ 'context/global/global.json': context });
  const args = ['--from', 'context', '--output', '-'];
  const { stdout, stderr } = await collect(userDir, args);
  assert.deepEqual(JSON.parse(stdout), {
    _1st: 'd',
    __: 'e',
    my_key: 'a',
    my_key_2: 'b',
    toJSON_: 'c',
  });
  assert.match(stderr, /my_key \(text\), so far my key/);
  assert.match(stderr, /EMPTY: it has no value/);

  const chosen = await collect(userDir, [...args, '--names', 'toJSON, 1st']);
  assert.deepEqual(Object.keys(JSON.parse(chosen.stdout)), ['_1st', 'toJSON_']);
});

test('a key that does not fit is named', async () => {
  const flow = [{ id: 'n', type: 'credentials', props: [{ type: 'msg', value: 'a' }] }];
  const userDir = directoryWith({
    'flows.json': flow,
    'flows_cred.json': { $: '00112233445566778899aabbccddeeffAAAAAAAAAAAA' },
    '.config.runtime.json': { _credentialSecret: 'another' },
  });
  const { stderr, code } = await failureOf(collect(userDir, ['--from', 'credentials']));
  assert.match(stderr, /flows_cred\.json can't be decrypted/);
  assert.equal(code, 1);
});

test('the flows of an active project are found', async () => {
  const flow = [{ id: 'n', type: 'credentials', name: 'N', props: [{ type: 'msg', value: 'a' }] }];
  const userDir = directoryWith({
    '.config.projects.json': { activeProject: 'p', projects: { p: { credentialSecret: false } } },
    'projects/p/package.json': {
      'node-red': { settings: { flowFile: 'flow.json', credentialsFile: 'flow_cred.json' } },
    },
    'projects/p/flow.json': flow,
    'projects/p/flow_cred.json': { n: { creds: '[{"value":"in the project","type":"str"}]' } },
  });
  fs.writeFileSync(
    path.join(userDir, 'settings.js'),
    'module.exports = { editorTheme: { projects: { enabled: true } } };',
  );
  const { stdout } = await collect(userDir, ['--from', 'credentials', '--output', '-']);
  assert.deepEqual(JSON.parse(stdout), { a: 'in the project' });
});

/** @param {Record<string, object>} files */
function directoryWith(files) {
  const directory = temporaryDirectory('user-');
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify(content));
  }
  return directory;
}
