'use strict';

/* Secrets in properties and credentials of any node, as ${SECRETS.KEY}. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { Broker } = require('./lib/broker');
const { Authority } = require('./lib/certificates');
const { TAB, endpoint, expressionNode, functionNode, tab } = require('./lib/flows');
const { listen } = require('./lib/ports');
const { usePropertySource, witness } = require('./lib/properties');

/** @typedef {InstanceType<typeof import('./lib/node-red').NodeRed>} Red */

onBothVersions('Secrets in properties', (version) => {
  const { source, start, ours, later } = usePropertySource(version);

  /** @param {Red} red */
  const revisionOf = async (red) => (await red.request('GET', '/flows')).rev;

  /**
   * All about the files of flows and credentials that a write would change.
   * @param {Red} red
   */
  function filesOf(red) {
    const names = fs.readdirSync(red.userDir).filter((name) => name.includes('flows'));
    return names.sort().map((name) => {
      const file = path.join(red.userDir, name);
      const { ino, mtimeMs } = fs.statSync(file);
      return [name, ino, mtimeMs, fs.readFileSync(file, 'utf8')];
    });
  }

  /** @param {number} port */
  const mqtt = (port) => [
    {
      id: 'broker',
      type: 'mqtt-broker',
      name: 'Plant',
      broker: '127.0.0.1',
      port: String(port),
      clientid: '',
      autoConnect: true,
      usetls: false,
      protocolVersion: '4',
      keepalive: '60',
      cleansession: true,
    },
    {
      id: 'in',
      type: 'mqtt in',
      z: TAB,
      topic: 'count',
      qos: '1',
      datatype: 'auto',
      broker: 'broker',
      inputs: 0,
      wires: [['keep']],
    },
    {
      ...functionNode(`flow.set('arrived', Number(msg.payload)); return null;`),
      id: 'keep',
      z: TAB,
      wires: [[]],
    },
    {
      id: 'tick',
      type: 'inject',
      z: TAB,
      repeat: '0.02',
      props: [{ p: 'payload' }],
      payload: '',
      payloadType: 'date',
      wires: [['count']],
    },
    {
      ...functionNode(
        `const sent = (context.get('sent') ?? 0) + 1; context.set('sent', sent); flow.set('sent', sent);
         return { topic: 'count', payload: sent };`,
      ),
      id: 'count',
      z: TAB,
      wires: [['out']],
    },
    { id: 'out', type: 'mqtt out', z: TAB, broker: 'broker', qos: '1', wires: [] },
    ...endpoint('traffic', expressionNode(`[flow.get('sent') ?? 0, flow.get('arrived') ?? 0]`)),
  ];

  test('a broker changes its password while messages flow', async () => {
    source.publish({ MQTT: { user: 'plant', password: 'canary-first' } });
    const broker = await Broker.start('canary-first');
    later(() => broker.stop());
    const red = await start({
      flows: [...ours(), ...mqtt(broker.port)],
      credentials: {
        broker: { user: '${SECRETS.MQTT.user}', password: '${SECRETS.MQTT.password}' },
      },
    });
    const traffic = async () => (await red.ask('/traffic')).value;
    await red.until(async () => (await traffic())[1] > 20);
    assert.deepEqual([...new Set(broker.offered)], ['canary-first'], 'right at the first attempt');
    const revision = await revisionOf(red);
    const files = filesOf(red);
    const told = red.notifications;
    await red.until(() => told.includes('notification/runtime-deploy'));
    // That was the start's own.
    told.length = 0;
    const requests = source.requests.length;
    const [before] = await traffic();

    broker.changePassword('canary-second');
    source.publish({ MQTT: { user: 'plant', password: 'canary-second' } });
    await red.until(() => broker.offered.includes('canary-second'));
    const then = (await traffic())[0];
    await red.until(async () => (await traffic())[1] > then);
    assert.ok(
      (await traffic())[0] > before,
      'nodes that have nothing to do with it go on counting',
    );

    assert.equal(await revisionOf(red), revision);
    assert.deepEqual(filesOf(red), files);
    await red.until(() => told.includes('notification/runtime-state'));
    assert.ok(
      !told.includes('notification/runtime-deploy'),
      'editors would offer to review changes',
    );
    await red.until(() => /Restarted, because .*mqtt-broker "Plant" \(broker\)/.test(red.log));
    assert.equal(
      source.requests.length,
      requests,
      'a restart is no deploy: Sync on Save is left out',
    );
    assert.ok(!red.log.includes('canary'));
    await red.stop();
  });

  test('TLS: certificate, key and passphrase come from secrets and are exchanged', async () => {
    const [old, renewed] = [new Authority(), new Authority()];
    later(() => [old, renewed].forEach((authority) => authority.remove()));
    const server = old.issue('127.0.0.1');
    const secure = https.createServer(
      {
        ...server,
        ca: [old.certificate, renewed.certificate],
        requestCert: true,
        rejectUnauthorized: true,
      },
      (request, response) => {
        const socket = /** @type {import('node:tls').TLSSocket} */ (request.socket);
        response.end(socket.getPeerCertificate().subject.CN);
      },
    );
    const port = await listen(secure);
    later(() => secure.close());
    const first = old.issue('first', 'canary-one');
    const second = renewed.issue('second', 'canary-two');
    const secret = (
      /** @type {{ cert: string, key: string }} */ pair,
      /** @type {string} */ pass,
    ) => ({
      TLS: { ...pair, passphrase: pass, ca: old.certificate },
    });
    source.publish(secret(first, 'canary-one'));
    const red = await start({
      flows: [
        ...ours(),
        {
          id: 'tls',
          type: 'tls-config',
          cert: '',
          key: '',
          ca: '',
          certname: '',
          keyname: '',
          caname: '',
          servername: '',
          verifyservercert: true,
        },
        ...endpoint('secure', {
          type: 'http request',
          method: 'GET',
          ret: 'txt',
          url: `https://127.0.0.1:${port}/`,
          tls: 'tls',
        }),
      ],
      credentials: {
        tls: {
          certdata: '${SECRETS.TLS.cert}',
          keydata: '${SECRETS.TLS.key}',
          passphrase: '${SECRETS.TLS.passphrase}',
          cadata: '${SECRETS.TLS.ca}',
        },
      },
    });
    assert.equal(await red.ask('/secure'), 'first');
    source.publish(secret(second, 'canary-two'));
    await red.until(async () => (await red.ask('/secure')) === 'second');
    await red.stop();
  });

  test('an HTTP request signs in with what is valid at the time', async () => {
    /** @type {string[]} */
    const seen = [];
    const server = http.createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization}`);
      response.end(seen.at(-1));
    });
    const port = await listen(server);
    later(() => server.close());
    source.publish({ TOKEN: 'canary-1', URL: `http://127.0.0.1:${port}/a`, OTHER: 'x' });
    const red = await start({
      flows: [
        ...ours(),
        ...endpoint('call', {
          type: 'http request',
          method: 'GET',
          ret: 'txt',
          url: '${SECRETS.URL}',
          authType: 'bearer',
        }),
      ],
      credentials: { 'call-0': { password: '${SECRETS.TOKEN}' } },
    });
    assert.equal(await red.ask('/call'), '/a Bearer canary-1');
    source.publish({ TOKEN: 'canary-2', URL: `http://127.0.0.1:${port}/a`, OTHER: 'x' });
    await red.until(async () => (await red.ask('/call')) === '/a Bearer canary-2');
    source.publish({ TOKEN: 'canary-2', URL: `http://127.0.0.1:${port}/b`, OTHER: 'x' });
    await red.until(async () => (await red.ask('/call')) === '/b Bearer canary-2');
    await red.stop();
  });

  test('tabs, groups, subflows and other types', async () => {
    const secrets = {
      TEXT: 'canary-t',
      PORT: 8883,
      DB: { password: 'canary-d', hosts: ['a', 'b'] },
      'a.b-c': 'canary-dot',
    };
    source.publish(secrets);
    const red = await start({
      flows: [
        { ...tab, env: [{ name: 'OF_TAB', type: 'env', value: 'SECRETS.TEXT' }] },
        ...ours().slice(1),
        {
          id: 'group',
          type: 'group',
          z: TAB,
          nodes: ['grouped-0'],
          env: [
            {
              name: 'OF_GROUP',
              type: 'jsonata',
              value: '"<" & $globalContext("SECRETS.TEXT") & ">"',
            },
          ],
        },
        {
          id: 'sub',
          type: 'subflow',
          in: [{ wires: [{ id: 'inside' }] }],
          out: [{ wires: [{ id: 'inside', port: 0 }] }],
          env: [{ name: 'OF_SUBFLOW', type: 'str', value: 'plain' }],
        },
        { ...witness({ template: '${OF_SUBFLOW}' }), id: 'inside', z: 'sub', wires: [[]] },
        ...endpoint('tab', witness({ template: '${OF_TAB}' })),
        ...endpoint('grouped', witness({ template: '${OF_GROUP}', g: 'group' })),
        ...endpoint('instance', {
          type: 'subflow:sub',
          env: [{ name: 'OF_SUBFLOW', type: 'env', value: 'SECRETS.DB.password' }],
        }),
        ...endpoint('default', { type: 'subflow:sub' }),
        ...endpoint('port', witness({ template: '${SECRETS.PORT}' })),
        ...endpoint('object', witness({ template: '${SECRETS.DB}' })),
        ...endpoint('item', witness({ template: '${SECRETS.DB.hosts[1]}' })),
        ...endpoint('dotted', witness({ template: '${SECRETS.a.b-c}' })),
        ...endpoint('old', witness({ template: '$(SECRETS.TEXT)' })),
        ...endpoint('env', functionNode(`msg.payload = env.get('SECRETS.TEXT'); return msg;`)),
      ],
    });
    const expect = {
      tab: 'canary-t',
      grouped: '<canary-t>',
      instance: 'canary-d',
      default: 'plain',
      port: '8883',
      item: 'b',
      dotted: 'canary-dot',
      old: 'canary-t',
      env: 'canary-t',
    };
    for (const [name, value] of Object.entries(expect)) {
      assert.equal(String(await red.ask(`/${name}`)), value, name);
    }
    assert.deepEqual(await red.ask('/object'), secrets.DB);

    source.publish({
      ...secrets,
      TEXT: 'canary-u',
      DB: { password: 'canary-e', hosts: ['a', 'c'] },
    });
    const changed = {
      tab: 'canary-u',
      grouped: '<canary-u>',
      instance: 'canary-e',
      default: 'plain',
      item: 'c',
    };
    for (const [name, value] of Object.entries(changed)) {
      await red.until(
        async () => (await red.ask(`/${name}`)) === value,
        () => name,
      );
    }
    await red.stop();
  });

  test('what nobody else is to have stays in this process', async () => {
    source.publish({ TEXT: 'canary-child' });
    const red = await start({
      flows: [
        ...ours(),
        ...endpoint('child', {
          type: 'exec',
          command: 'env',
          addpay: '',
          append: '',
          useSpawn: 'false',
          timer: '',
          oldrc: false,
        }),
        ...endpoint(
          'worker',
          functionNode(
            `const seen = new worker.Worker(\`require('node:worker_threads').parentPort.postMessage(
               [process.env['SECRETS.TEXT'] ?? null, JSON.stringify(process.env)])\`, { eval: true });
             seen.on('message', (payload) => node.send({ ...msg, payload }));`,
            { libs: [{ var: 'worker', module: 'node:worker_threads' }] },
          ),
        ),
        ...endpoint(
          'listed',
          functionNode(
            `const { env } = proc;
             msg.payload = [env['SECRETS.TEXT'] === 'canary-child', 'SECRETS.TEXT' in env,
               JSON.stringify([env, { ...env }, Object.entries(env), inspector.inspect(env)])];
             return msg;`,
            {
              libs: [
                { var: 'proc', module: 'node:process' },
                { var: 'inspector', module: 'node:util' },
              ],
            },
          ),
        ),
      ],
    });
    const child = await red.ask('/child');
    assert.ok(String(child).includes('PATH='));
    assert.ok(!String(child).includes('canary-child'));
    const [seen, all] = await red.ask('/worker');
    assert.equal(seen, null);
    assert.ok(!all.includes('canary-child'));
    const [answered, has, listed] = await red.ask('/listed');
    assert.deepEqual([answered, has], [true, false]);
    assert.ok(!listed.includes('canary-child'));
    await red.stop();
  });
});
