'use strict';

/* `npm start`: the service and a Node-RED that reads from it, until Ctrl-C. */

const { spawn } = require('node:child_process');
const net = require('node:net');
const path = require('node:path');
const { executable, fail, node, root } = require('./run');
const { setUp } = require('./setup');

const directory = path.resolve(root, process.env.DEMO_DIR || 'demo-data');
const nodeRed = { port: port('NODE_RED_PORT', 1880), url: '' };
const service = { port: port('SECRET_MANAGER_PORT', 8200), url: '' };
for (const address of [nodeRed, service]) address.url = `http://127.0.0.1:${address.port}`;

/** @type {Array<import('node:child_process').ChildProcess>} */
const children = [];
let stopping = false;

main().catch((error) => stop(1, error.message));

async function main() {
  await checkPort(nodeRed.port, 'NODE_RED_PORT');
  await checkPort(service.port, 'SECRET_MANAGER_PORT');
  setUp();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0));
  stopWithParent();

  const { Demo } = require('./demo');
  const demo = new Demo(directory);
  demo.prepareSpace();
  demo.prepareUserDir(nodeRed.port);

  const listen = ['--listen', `127.0.0.1:${service.port}`, '--log', 'warn'];
  const serve = ['serve', '--data', demo.serviceData, ...listen];
  const setUpLink = linkIn(launch('The service', executable, serve));
  const red = path.join(root, 'node_modules/node-red/red.js');
  // The example's source takes its URL from here, so that it follows the port.
  launch('Node-RED', node, [red, '--userDir', demo.userDir], { DEMO_SERVICE_URL: service.url });

  await answers(`${service.url}/healthz`);
  await answers(`${nodeRed.url}/settings`);
  if (!demo.hasFlows) await demo.deployFlows(nodeRed.url);
  const { setupNeeded } = await (await fetch(`${service.url}/api/v1/service`)).json();
  const page = setupNeeded ? await setUpLink : undefined;
  if (!stopping) tell(demo.serviceData, page);
}

/**
 * The link that the service prints as long as it has no users.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<string>}
 */
function linkIn(child) {
  let printed = '';
  return new Promise((resolve) => {
    child.stdout?.on('data', (piece) => {
      printed += piece;
      const link = /^Set up .*: (\S+)$/m.exec(printed);
      if (link) resolve(link[1]);
    });
  });
}

/**
 * @param {string} data
 * @param {string} [setUp] where the first administrator is made
 */
function tell(data, setUp) {
  const shown = path.relative(process.cwd(), data) || data;
  console.log(`
  Node-RED   ${nodeRed.url}/
  Example    ${nodeRed.url}/demo
  Service    ${service.url}/
  Data       ${path.dirname(shown)}
${setUp ? `\n  Make yourself the service's first administrator; the link works once:\n\n    ${setUp}\n` : ''}
  Change a secret, on the service's page or here, and see it in the example at once:

    echo 'Good morning!' | npx secret-manager --data ${shown} secret set --space demo GREETING --type text --stdin

  Ctrl-C stops everything.
`);
}

/**
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string>} [variables] of its environment
 * @returns its standard output is there to be read, and goes nowhere otherwise
 */
function launch(name, command, args, variables) {
  const env = { ...process.env, ...variables };
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  child.stdout.resume();
  child.on('error', (error) => stop(1, `${name} cannot be started: ${error.message}`));
  child.on('exit', (code) => {
    if (!stopping) stop(1, `${name} ended by itself with code ${code}`);
  });
  return child;
}

/**
 * Stops the children and, when the last one is gone, this process.
 * @param {number} code
 * @param {string} [message]
 */
function stop(code, message) {
  if (message) console.error(`\n${message}\n`);
  if (stopping) return;
  stopping = true;
  process.exitCode = code;
  const running = children.filter(({ exitCode, signalCode }) => exitCode === null && !signalCode);
  for (const child of running) child.kill('SIGTERM');
  const gone = running.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  Promise.all(gone).then(() => process.exit());
}

/**
 * A signal to npm ends the shell between npm and this process and does not come further: being
 * orphaned is the only sign of it.
 */
function stopWithParent() {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop(0);
  }, 500).unref();
}

/**
 * Waits until something is served there, or until the process that should serve it has ended.
 * @param {string} url
 */
async function answers(url) {
  while (!stopping) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * @param {string} variable
 * @param {number} otherwise
 */
function port(variable, otherwise) {
  const value = Number(process.env[variable] || otherwise);
  if (Number.isInteger(value) && value > 0 && value < 65536) return value;
  return fail(`${variable} is not a port: ${process.env[variable]}`);
}

/**
 * @param {number} number
 * @param {string} variable
 */
async function checkPort(number, variable) {
  const server = net.createServer();
  const error = await new Promise((resolve) => {
    server.once('error', resolve);
    server.listen(number, '127.0.0.1', () => server.close(() => resolve(null)));
  });
  if (error) {
    fail(
      `Port ${number} cannot be used (${error.code}). Choose another one: ${variable}=… npm start`,
    );
  }
}
