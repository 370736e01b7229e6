'use strict';

/* Nodes with secrets in their properties, when secrets change, are missing or come late. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { endpoint, expressionNode, functionNode } = require('./lib/flows');
const { usePropertySource, witness } = require('./lib/properties');
const { faults } = require('./lib/scripted-source');

onBothVersions('When secrets in properties change', (version) => {
  const { source, start, ours } = usePropertySource(version);

  test('only nodes that use what changed are restarted, and many changes at once', async () => {
    source.publish({ A: 'a1', B: 'b1', DB: { user: 'u1', password: 'p1' } });
    /** A node that counts how often it was made. @param {string} name @param {string} text */
    const counting = (name, text) =>
      endpoint(
        name,
        functionNode(`msg.payload = [context.get('made'), node.note]; return msg;`, {
          initialize: `context.set('made', Date.now() + Math.random());`,
          note: text,
        }),
      );
    const red = await start({
      flows: [
        ...ours(),
        ...counting('a', '${SECRETS.A}'),
        ...counting('user', '${SECRETS.DB.user}'),
        ...counting('other', 'nothing'),
      ],
    });
    const madeAt = async (/** @type {string} */ name) => (await red.ask(`/${name}`))[0];
    const first = {
      a: await madeAt('a'),
      user: await madeAt('user'),
      other: await madeAt('other'),
    };
    source.publish({ A: 'a1', B: 'b2', DB: { user: 'u1', password: 'p2' } });
    for (const a of ['a2', 'a3', 'a4']) {
      source.publish({ A: a, B: 'b2', DB: { user: 'u1', password: 'p2' } });
    }
    await red.until(async () => (await madeAt('a')) !== first.a);
    assert.deepEqual([await madeAt('user'), await madeAt('other')], [first.user, first.other]);
    // It is told once the new nodes have their messages.
    await red.until(() => red.log.includes('Restarted, because'));
    assert.equal([...red.log.matchAll(/Restarted, because/g)].length, 1);
    await red.stop();
  });

  test('a secret that is missing is told with who wants it, until it is there', async () => {
    source.publish({ TEXT: 'x' });
    const red = await start({
      flows: [
        ...ours(),
        ...endpoint('late', witness({ name: 'Late', template: '${SECRETS.LATE}' })),
      ],
    });
    await red.until(() =>
      /There is no secret for \$\{SECRETS\.LATE\}.*template "Late" \(late-0\)/.test(red.log),
    );
    assert.equal(await red.ask('/late'), '${SECRETS.LATE}');
    const unresolved = async () =>
      (await red.request('GET', '/secret-manager/status')).active[0].unresolved;
    assert.deepEqual(await unresolved(), [
      {
        reference: 'SECRETS.LATE',
        nodes: [{ id: 'late-0', name: 'Late', type: 'template' }],
      },
    ]);
    await red.status('manager', '🆗 Synced');
    source.publish({ TEXT: 'x', LATE: 'canary-late' });
    await red.until(async () => (await red.ask('/late')) === 'canary-late');
    assert.deepEqual(await unresolved(), []);
    assert.equal(red.log.match(/There is no secret/g)?.length, 1);
    await red.stop();
  });

  test('without a source at the start, nodes are given the secrets when they come', async () => {
    source.publish({ TEXT: 'canary-after' });
    source.fault = faults.status(500);
    const red = await start({
      flows: [...ours(), ...endpoint('text', witness({ template: '${SECRETS.TEXT}' }))],
    });
    assert.equal(await red.ask('/text'), '${SECRETS.TEXT}');
    await red.status('manager', /^Not synced/);
    source.fault = null;
    await red.request('POST', '/secret-manager/manager/sync');
    await red.until(async () => (await red.ask('/text')) === 'canary-after');
    await red.stop();
  });

  test('a deploy at the same moment is neither lost nor repeated', async () => {
    source.publish({ TEXT: 'canary-0' });
    const flows = [...ours(), ...endpoint('text', witness({ template: '${SECRETS.TEXT}' }))];
    const red = await start({ flows });
    for (let round = 1; round <= 4; round++) {
      source.publish({ TEXT: `canary-${round}` });
      const fixed = endpoint('fixed', witness({ template: `round ${round}` }));
      await red.deploy([...flows, ...fixed], 'nodes');
      await red.until(async () => (await red.ask('/fixed')) === `round ${round}`);
      await red.until(async () => (await red.ask('/text')) === `canary-${round}`);
    }
    const onDisk = JSON.parse(fs.readFileSync(path.join(red.userDir, 'flows.json'), 'utf8'));
    assert.ok(onDisk.some((/** @type {any} */ node) => node.template === 'round 4'));
    await red.stop();
  });

  test('a Node-RED without a way to restart nodes says so, and a deploy brings them', async () => {
    source.publish({ TEXT: 'canary-a' });
    const flows = [...ours(), ...endpoint('text', witness({ template: '${SECRETS.TEXT}' }))];
    const red = await start({
      flows,
      // As if what is looked for were not there.
      extraSettings: `hidden: setImmediate(() => {
        for (const file of Object.keys(require.cache)) {
          if (/@node-red.runtime.lib.index\\.js$/.test(file)) delete require.cache[file];
        }
      }) && undefined`,
    });
    await red.until(() => red.log.includes('offers no way to restart single nodes'));
    source.publish({ TEXT: 'canary-b' });
    const status = await red.status('manager', 'Synced; deploy to give nodes their new secrets');
    assert.deepEqual([status.fill, status.shape], ['yellow', 'dot']);
    await red.deploy(
      flows.map((node) => ({ ...node })),
      'full',
    );
    await red.status('manager', '🆗 Synced');
    assert.equal(await red.ask('/text'), 'canary-b');
    await red.stop();
  });

  test('a Node-RED whose environment cannot answer says so', async () => {
    source.publish({ TEXT: 'canary-a' });
    const red = await start({
      flows: [
        ...ours(),
        ...endpoint('text', witness({ template: '${SECRETS.TEXT}' })),
        ...endpoint('value', expressionNode(`global.get('SECRETS.TEXT')`)),
      ],
      extraSettings: `hidden: (process.env = Object.freeze({ ...process.env })) && undefined`,
    });
    await red.until(() => red.log.includes("can't fill in ${SECRETS.…}"));
    assert.equal(await red.ask('/text'), '${SECRETS.TEXT}');
    assert.equal((await red.ask('/value')).value, 'canary-a');
    await red.stop();
  });

  test('a process.env that was replaced answers as well', async () => {
    source.publish({ TEXT: 'canary-a' });
    const red = await start({
      flows: [...ours(), ...endpoint('text', witness({ template: '${SECRETS.TEXT}' }))],
      extraSettings: `hidden: (process.env = { ...process.env }) && undefined`,
    });
    assert.equal(await red.ask('/text'), 'canary-a');
    await red.stop();
  });
});
