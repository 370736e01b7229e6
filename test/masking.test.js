'use strict';

/* Secrets show as ••• wherever people look, and flows have the real values. */

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { TAB, endpoint, functionNode, secretManager, secretSource, tab } = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { ScriptedSource } = require('./lib/scripted-source');
const { until } = require('./lib/until');

const KEY = 'sk_live_51H8xYcanary+/?';
const PASSWORD = 'p@ss "wörd" canary 🆗';
const PEM = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n'.repeat(3)}-----END PRIVATE KEY-----\n`;
const LONG = Array.from({ length: 400 }, (_, n) => `long${n}`).join('-');

const secrets = {
  KEY,
  DB: { host: 'db.example.com', port: 15432, password: PASSWORD, options: { on: true } },
  PEM,
  LONG,
};

/** What no screen and no log line may show. */
const needles = [
  KEY,
  encodeURIComponent(KEY),
  Buffer.from(KEY).toString('base64').slice(0, -2),
  Buffer.from(KEY).toString('hex').slice(0, 20),
  JSON.stringify(PASSWORD).slice(1, -1),
  'canary',
  'MIIEvQIB',
  'long7-long8',
  'db.example.com',
];

/** Messages, and what Debug shows of them. @type {Record<string, [string, string | RegExp]>} */
const debugged = {
  text: ['SECRETS.KEY', '•••'],
  inText: ['`key ${SECRETS.KEY}!`', 'key •••!'],
  base64: [
    `'Basic ' + Buffer.from('user:' + SECRETS.DB.password).toString('base64')`,
    /^Basic [\w+/]{6}•••$/,
  ],
  hex: [`Buffer.from(SECRETS.KEY).toString('hex')`, '•••'],
  url: ['`https://x/?k=${encodeURIComponent(SECRETS.KEY)}&x=1`', 'https://x/?k=•••&x=1'],
  json: ['JSON.stringify({ text: SECRETS.DB.password })', '{"text":"•••"}'],
  twice: ['JSON.stringify(JSON.stringify(SECRETS.DB.password))', /•••/],
  object: [
    '({ deep: [{ key: SECRETS.KEY, other: 1 }], port: SECRETS.DB.port })',
    '{"deep":[{"key":"•••","other":1}],"port":"•••"}',
  ],
  names: ['({ [SECRETS.KEY]: 1 })', '{"•••":1}'],
  document: [
    'SECRETS.DB',
    /^\{"host":"•••","port":"•••","password":"•••","options":\{"on":true\}\}$/,
  ],
  pem: ['SECRETS.PEM', '•••\n'],
  lines: [`SECRETS.PEM.split('\\n')`, /"-----BEGIN PRIVATE KEY-----","•••"/],
  // Debug shows the first 1,000 characters; a secret that begins there goes on beyond.
  cut: [`'x'.repeat(990) + SECRETS.KEY + 'x'.repeat(10_000)`, /^x{990}•••x{7}\.\.\.$/],
  cutLong: [`'x'.repeat(900) + SECRETS.LONG`, /^x{900}•••$/],
  beyond: [`'x'.repeat(20_000) + SECRETS.KEY`, /^x{1000}\.\.\.$/],
  cutInside: [`({ text: 'x'.repeat(990) + SECRETS.KEY })`, /^\{"text":"x{990}•••"\}$/],
  buffer: ['Buffer.from(`a${SECRETS.KEY}b`)', Buffer.from('a•••b').toString('hex')],
  bufferInside: [
    '({ data: Buffer.from(SECRETS.KEY) })',
    /"data":\{"type":"Buffer","data":\[226,128,162,226,128,162,226,128,162\],"__enc__":true,"length":9\}/,
  ],
  bufferAsJson: [`JSON.stringify(Buffer.from(SECRETS.KEY))`, '{"type":"Buffer","data":[•••]}'],
  bytes: [`[...Buffer.from(SECRETS.KEY)]`, JSON.stringify([...Buffer.from('•••')])],
  typed: [`new Uint8Array(Buffer.from(SECRETS.KEY))`, /226/],
  error: [
    `new Error('bad key ' + SECRETS.KEY)`,
    /"message":"bad key •••","stack":"Error: bad key •••/,
  ],
  errorInside: [
    `({ error: Object.assign(new Error('x ' + SECRETS.KEY), { code: SECRETS.KEY }) })`,
    /"message":"x •••","code":"•••"/,
  ],
  cause: [`new Error('x', { cause: SECRETS.KEY })`, /"cause":"•••"/],
  map: ['new Map([[SECRETS.KEY, SECRETS.KEY]])', /"data":\{"•••":"•••"\}/],
  set: ['new Set([SECRETS.KEY])', /"data":\["•••"\]/],
  circular: [
    `(() => { const a = { key: SECRETS.KEY }; a.self = a; return a; })()`,
    '{"key":"•••","self":"[Circular ~]"}',
  ],
  withToJson: [`({ toJSON: () => ({ key: SECRETS.KEY }) })`, '{"key":"•••"}'],
  withToString: [
    `new (class Token { toString() { return 'token ' + SECRETS.KEY; } })()`,
    'token •••',
  ],
  regexp: [`new RegExp(SECRETS.DB.host)`, '/•••/'],
  array: [
    `Array.from({ length: 2000 }, () => SECRETS.KEY)`,
    /^\{"__enc__":true,"type":"array","data":\["•••",.*"length":2000\}$/,
  ],
  whole: ['SECRETS', '{"DB":"••••••","KEY":"••••••","LONG":"••••••","PEM":"••••••"}'],
  copy: ['({ ...SECRETS })', /^\{"DB":\{"host":"•••",.*"LONG":"•••","PEM":"•••\\n"\}$/],
  throws: [`({ toJSON() { throw new Error(SECRETS.KEY); } })`, /encodeObject Error: •••/],
  number: ['SECRETS.DB.port', '•••'],
  nothing: [
    `({ text: 'nothing to see', n: [1, 2.5], on: true, not: null })`,
    /^\{"text":"nothing to see","n":\[1,2.5\],"on":true,"not":null\}$/,
  ],
  date: [
    '({ at: new Date(0), key: SECRETS.KEY })',
    '{"at":"1970-01-01T00:00:00.000Z","key":"•••"}',
  ],
};

const debugNode = (/** @type {string} */ id, /** @type {object} */ properties) => ({
  id,
  type: 'debug',
  z: TAB,
  active: true,
  tosidebar: true,
  console: false,
  tostatus: false,
  complete: 'payload',
  targetType: 'msg',
  wires: [],
  ...properties,
});

const useSecrets = `const SECRETS = global.get('SECRETS');`;

const flows = (source = { url: '', token: '' }) => [
  tab,
  secretSource(source),
  secretManager(),
  debugNode('debug', {}),
  ...endpoint('debug', {
    ...functionNode(
      `${useSecrets}
      const makers = { ${Object.entries(debugged)
        .map(([name, [expression]]) => `${name}: () => ${expression}`)
        .join(',\n')} };
      const payload = makers[msg.req.query.name]();
      node.send([{ payload, topic: 'of ' + SECRETS.KEY }, { ...msg, payload: 'sent' }]);`,
      { outputs: 2 },
    ),
    wires: [['debug'], ['debug-answer']],
  }),
  debugNode('status', { tosidebar: false, tostatus: true, statusType: 'auto', statusVal: '' }),
  debugNode('console', { tosidebar: false, console: true, complete: 'true', targetType: 'full' }),
  ...endpoint('say', {
    ...functionNode(
      `${useSecrets}
      node.status({ fill: 'green', shape: 'dot', text: 'has ' + SECRETS.KEY });
      node.warn('warn ' + SECRETS.KEY);
      node.warn({ key: SECRETS.KEY });
      node.log('log ' + SECRETS.DB.password);
      node.debug('debug ' + encodeURIComponent(SECRETS.KEY));
      node.trace(new Error('trace ' + SECRETS.KEY));
      node.error('error ' + SECRETS.KEY);
      node.error('caught ' + SECRETS.KEY, { ...msg, payload: SECRETS.KEY, caught: true });
      flow.set('copy', { key: SECRETS.KEY });
      context.set('own', SECRETS.KEY);
      global.set('other', [SECRETS.DB]);
      const payload = SECRETS.LONG;
      node.send([{ payload, buffer: Buffer.from(SECRETS.KEY) }, { ...msg, payload: 'said' }]);`,
      { outputs: 2 },
    ),
    wires: [['status', 'console'], ['say-answer']],
  }),
  { id: 'catch', type: 'catch', z: TAB, scope: null, uncaught: false, wires: [['seen']] },
  { id: 'heard', type: 'status', z: TAB, scope: ['say-0'], wires: [['seen']] },
  {
    ...functionNode(
      `if (msg.error) flow.set('caught', msg.error.message + '|' + msg.payload);
      else flow.set('heard', msg.status.text);`,
      { outputs: 0 },
    ),
    id: 'seen',
    z: TAB,
    wires: [],
  },
  ...endpoint(
    'real',
    functionNode(
      `msg.payload = { caught: flow.get('caught'), heard: flow.get('heard'), copy: flow.get('copy').key };
      return msg;`,
    ),
  ),
];

onBothVersions('Masking', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  const source = new ScriptedSource();
  source.live = true;

  before(async () => {
    await source.start();
    source.publish(secrets);
    red = await NodeRed.start(version, {
      settings: { logging: { console: { level: 'trace', metrics: true, audit: true } } },
      extraSettings: `functionGlobalContext: {}`,
    });
    await red.deploy(flows(source));
    await red.status('manager', '🆗 Synced');
    await red.ask('/say');
  });

  after(async () => {
    await red?.stop();
    await source.stop();
  });

  /** @param {string} name */
  async function debug(name) {
    red.debugLog.length = 0;
    await red.ask(`/debug?name=${name}`);
    await red.until(() => red.debugLog.some(({ id }) => id === 'debug'));
    const [shown] = red.debugLog.filter(({ id }) => id === 'debug');
    return shown;
  }

  for (const [name, [expression, expected]] of Object.entries(debugged)) {
    test(`Debug, ${name}: ${expression}`, async () => {
      const { msg, topic } = await debug(name);
      if (expected instanceof RegExp) assert.match(msg, expected);
      else assert.equal(msg, expected);
      assert.equal(topic, 'of •••');
      assertMasked(msg);
    });
  }

  test('node.warn and node.error in the sidebar', async () => {
    red.debugLog.length = 0;
    await red.ask('/say');
    await red.until(() => red.debugLog.length >= 3);
    const shown = red.debugLog.map(({ msg }) => msg);
    assert.deepEqual(shown, ['warn •••', '{"key":"•••"}', 'error •••']);
  });

  test('status', async () => {
    assert.equal((await red.status('say-0', /has/)).text, 'has •••');
    // Debug cuts at 32 characters.
    assert.equal((await red.status('status', /./)).text, '•••...');
  });

  test('context in the sidebar and in the API', async () => {
    const get = (/** @type {string} */ route) => red.request('GET', `/context/${route}`);
    assert.equal((await get('global/SECRETS.KEY')).msg, '•••');
    assert.equal((await get('global/SECRETS.DB.password')).msg, '•••');
    assert.match((await get('global/SECRETS.DB')).msg, /^\{"host":"•••","port":"•••"/);
    assert.equal((await get(`flow/${TAB}/copy`)).msg, '{"key":"•••"}');
    assert.equal((await get('node/say-0/own')).msg, '•••');
    for (const scope of ['global', `flow/${TAB}`, 'node/say-0']) {
      assertMasked(JSON.stringify(await get(scope)));
    }
  });

  test('the log', async () => {
    const lines = ['warn •••', 'log •••', 'debug •••', 'error •••', '<Buffer •••>'];
    for (const line of lines) {
      await red.until(
        () => red.log.includes(line),
        () => line,
      );
    }
    await red.until(() => red.log.includes('trace •••'));
    assertMasked(red.log);
  });

  test('flows have the real values', async () => {
    assert.deepEqual(await red.ask('/real'), {
      caught: `caught ${KEY}|${KEY}`,
      heard: `has ${KEY}`,
      copy: KEY,
    });
  });

  test('a new value is masked when flows have it, and the old one for a while', async () => {
    source.publish({ ...secrets, KEY: 'another-canary-value' });
    await until(async () => (await debug('text')).msg === '•••' && source.version > 1);
    assertMasked((await debug('inText')).msg);
    assert.equal((await red.request('GET', `/context/flow/${TAB}/copy`)).msg, '{"key":"•••"}');
    source.publish(secrets);
  });

  test('switched off, everything shows', async () => {
    const other = await NodeRed.start(version, { settings: { secretManagerMasking: false } });
    try {
      await other.deploy(flows(source));
      await other.status('manager', '🆗 Synced');
      await other.ask('/say');
      assert.equal((await other.request('GET', '/context/global/SECRETS.KEY')).msg, KEY);
      await other.until(() => other.log.includes(`warn ${KEY}`));
    } finally {
      await other.stop();
    }
  });

  test('what is allowed shows', async () => {
    const other = await NodeRed.start(version, {
      settings: { secretManagerMasking: { allow: ['db.example.com'], minimumLength: 6 } },
    });
    try {
      await other.deploy(flows(source));
      await other.status('manager', '🆗 Synced');
      const { msg } = await other.request('GET', '/context/global/SECRETS.DB');
      assert.equal(
        msg,
        '{"host":"db.example.com","port":15432,"password":"•••","options":{"on":true}}',
      );
    } finally {
      await other.stop();
    }
  });

  test('the handler for the settings file prints what Node-RED prints, masked', async () => {
    const handler = `require('@secret-manager/node-red/logging')`;
    const other = await NodeRed.start(version, {
      extraSettings: `secretManagerMasking: {}, logging: {
        console: { level: 'trace', audit: true, handler: ${handler} },
        own: { level: 'warn', handler: ${handler}.masked(() => (message) =>
          console.log('own ' + JSON.stringify(message))) },
      }`,
    });
    try {
      await other.deploy(flows(source));
      await other.status('manager', '🆗 Synced');
      await other.ask('/say');
      await other.until(() => other.log.includes('own {"level":20'));
      assert.match(
        other.log,
        /\n\d+ [A-Z][a-z]{2} [\d:]{8} - \[warn\] \[function:say-0\] warn •••\n/,
      );
      assert.match(other.log, /\[info\] Started flows/);
      assert.match(other.log, /\[audit\] \{"event":/);
      assertMasked(other.log);
    } finally {
      await other.stop();
    }
  });
});

/** @param {string} text */
function assertMasked(text) {
  for (const needle of needles) {
    assert.ok(!text.includes(needle), `${needle} in ${text.slice(0, 5000)}`);
  }
}
