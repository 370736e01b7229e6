'use strict';

/* Certificates: whom to trust, and who one is, set up with Node-RED's own TLS configuration. */

const assert = require('node:assert/strict');
const { after, afterEach, before, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { Authority } = require('./lib/certificates');
const { endpoint, expressionNode, secretManager, secretSource, tab } = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { ScriptedSource } = require('./lib/scripted-source');

const tlsConfig = {
  id: 'tls',
  type: 'tls-config',
  certType: 'files',
  cert: '',
  key: '',
  ca: '',
  p12: '',
  servername: '',
  alpnprotocol: '',
  verifyservercert: true,
};

onBothVersions('TLS', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  /** @type {InstanceType<typeof Authority>} */
  let authority;
  /** @type {InstanceType<typeof ScriptedSource>} */
  let source;
  /** @type {InstanceType<typeof ScriptedSource>} */
  let strictSource;

  /**
   * @param {InstanceType<typeof ScriptedSource>} from
   * @param {Record<string, string>} [credentials] of a TLS configuration
   * @param {Record<string, unknown>} [properties] of the TLS configuration
   */
  const deploy = (from, credentials, properties) =>
    red.deploy([
      tab,
      { ...tlsConfig, ...properties, credentials },
      secretSource(from, { tls: credentials || properties ? 'tls' : '' }),
      secretManager(),
      ...endpoint('value', expressionNode(`global.get('SECRETS').KEY`)),
    ]);

  before(async () => {
    authority = new Authority();
    const server = authority.issue('server');
    source = await new ScriptedSource(server).start();
    strictSource = await new ScriptedSource({
      ...server,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    }).start();
    source.publish({ KEY: 'one' });
    strictSource.publish({ KEY: 'strict' });
    red = await NodeRed.start(version);
  });

  afterEach(() => red.deploy([]));

  after(async () => {
    await red?.stop();
    await source.stop();
    await strictSource.stop();
    authority.remove();
  });

  test('an unknown authority is not trusted', async () => {
    await deploy(source);
    await red.status('manager', /certificate.*next try/);
    assert.equal(source.requests.length, 0);
    assert.match(red.log, /\[warn\].*certificate/i);
  });

  test('an authority of its own is', async () => {
    await deploy(source, { cadata: authority.certificate });
    await red.status('manager', '🆗 Synced');
    assert.deepEqual(await red.ask('/value'), { value: 'one' });
  });

  test('a service that asks for a client certificate gets it', async () => {
    const { cert, key } = authority.issue('client');
    const credentials = { cadata: authority.certificate, certdata: cert, keydata: key };
    await deploy(strictSource, credentials);
    await red.status('manager', '🆗 Synced');
    assert.deepEqual(await red.ask('/value'), { value: 'strict' });
  });

  test('the key of the client certificate may be encrypted', async () => {
    const { cert, key } = authority.issue('locked-client', 'open sesame');
    const credentials = { cadata: authority.certificate, certdata: cert, keydata: key };
    await deploy(strictSource, { ...credentials, passphrase: 'open sesame' });
    await red.status('manager', '🆗 Synced');
    await red.deploy([]);
    await deploy(strictSource, { ...credentials, passphrase: 'wrong' });
    await red.status('manager', /^Check the source: The client key cannot be read/);
  });

  test('without the certificate it is refused', async () => {
    await deploy(strictSource, { cadata: authority.certificate });
    await red.status('manager', /; next try/);
  });

  test('what is not supported is said', async () => {
    await deploy(source, { cadata: authority.certificate }, { verifyservercert: false });
    await red.status('manager', 'TLS: turn on Verify server certificate');
    if (version === 4) return; // It cannot be given a PKCS#12 file.
    await red.deploy([]);
    await deploy(source, {}, { certType: 'pfx', p12: __filename });
    await red.status('manager', 'TLS: use PEM files, not PKCS#12');
  });
});
