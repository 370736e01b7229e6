'use strict';

/* Where in global context the secrets are, and what else is there. */

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const {
  endpoint,
  expressionNode,
  functionNode,
  secretManager,
  secretSource,
  tab,
} = require('./lib/flows');
const { useNodeReds } = require('./lib/node-reds');
const { ScriptedSource } = require('./lib/scripted-source');

onBothVersions('Global context', (version) => {
  /** @type {InstanceType<typeof ScriptedSource>} */
  let source;
  const start = useNodeReds(version);

  before(async () => {
    source = await new ScriptedSource().start();
    source.publish({ KEY: 'canary-context' });
  });

  after(() => source.stop());

  const file = { module: 'localfilesystem', config: { cache: false } };
  const contextStorage = { default: file, fast: { module: 'memory' }, other: { module: 'memory' } };

  /** @param {string} contextStore */
  const flows = (contextStore) => [
    tab,
    secretSource(source),
    secretManager({ contextStore }),
    ...endpoint('fast', expressionNode(`global.get('SECRETS.KEY', 'fast') ?? null`)),
    ...endpoint('other', expressionNode(`global.get('SECRETS.KEY', 'other') ?? null`)),
  ];

  test('the store is a choice, and a store that cannot hold the secrets is told', async () => {
    const red = await start({ settings: { contextStorage } });
    await red.deploy(flows('fast'));
    await red.status('manager', '🆗 Synced');
    const found = async () => [(await red.ask('/fast')).value, (await red.ask('/other')).value];
    assert.deepEqual(await found(), ['canary-context', null]);

    await red.deploy(flows('other'), 'nodes');
    await red.until(async () => (await found())[1] === 'canary-context');
    assert.deepEqual(await found(), [null, 'canary-context'], 'the earlier store has nothing left');

    await red.deploy(flows('default'), 'nodes');
    const chosen = await red.status('manager', /^Store default can't hold secrets/);
    assert.deepEqual([chosen.fill, chosen.shape], ['yellow', 'dot']);
    assert.deepEqual(await found(), [null, null]);
    await red.deploy(flows(''), 'nodes');
    await red.status('manager', /^Context store can't hold secrets: make memory the default/);
    await red.stop();
  });

  test('a flow that puts something else in their place is told, once', async () => {
    const red = await start();
    await red.deploy([
      tab,
      secretSource(source),
      secretManager(),
      ...endpoint('replace', functionNode(`global.set('SECRETS', { KEY: 'mine' }); return msg;`)),
      ...endpoint('value', expressionNode(`global.get('SECRETS.KEY')`)),
    ]);
    await red.status('manager', '🆗 Synced');
    for (let round = 0; round < 2; round++) {
      await red.ask('/replace');
      await red.until(async () => (await red.ask('/value')).value === 'canary-context');
    }
    const { active } = await red.request('GET', '/secret-manager/status');
    assert.match(active[0].warnings.join(), /^A flow has put something else in place of SECRETS/);
    await red.until(() => red.log.includes('A flow has put something else in place of SECRETS'));
    assert.equal(red.log.match(/A flow has put something else in place of SECRETS/g)?.length, 1);
    await red.stop();
  });

  test('a value of the settings file with the same name is told', async () => {
    const red = await start({ settings: { functionGlobalContext: { SECRETS: { KEY: 'seed' } } } });
    await red.deploy([
      tab,
      secretSource(source),
      secretManager(),
      ...endpoint('value', expressionNode(`global.get('SECRETS.KEY')`)),
    ]);
    await red.status('manager', '🆗 Synced');
    assert.equal((await red.ask('/value')).value, 'canary-context');
    await red.until(() => /functionGlobalContext in the settings file has a SECRETS/.test(red.log));
    await red.stop();
  });
});
