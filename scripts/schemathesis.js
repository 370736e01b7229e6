'use strict';

/*
 * Asks a real service everything that its OpenAPI document allows, and much that it doesn't, and
 * checks the answers against the document: no 5xx, no status, header or body that isn't described.
 *
 * It needs Python, and brings Schemathesis in a virtual environment of its own under target/. Takes
 * two minutes; `node scripts/schemathesis.js SECONDS` takes longer or shorter, and what stands after
 * that is passed on to Schemathesis; another `--seed NUMBER` asks other things.
 */

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const { executable, exists, fail, root } = require('./run');

const folder = path.join(__dirname, 'schemathesis');
const environment = path.join(root, 'target', 'schemathesis');
const bin = path.join(environment, process.platform === 'win32' ? 'Scripts' : 'bin');

const password = 'correct battery horse';

/** Streams don't end by themselves, so a request would wait for nothing. The service's own tests read them. */
const streams = ['/api/v1/watch', '/api/v1/spaces/{space}/watch'];

main().catch((error) => fail(String(error)));

async function main() {
  const [seconds = '100', ...others] = process.argv.slice(2);
  install();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'secret-manager-schemathesis-'));
  const service = await start(path.join(directory, 'data'));
  let status, error;
  try {
    const world = await settle(service);
    const options = [
      ...['--no-color', '--config-file', path.join(folder, 'schemathesis.toml'), 'run'],
      ...['--max-time', seconds, '--continue-on-failure', '--generation-database', 'none'],
      // The same for everybody, so that what fails was broken and not merely found.
      ...(others.includes('--seed') ? [] : ['--seed', '1']),
      ...streams.flatMap((stream) => ['--exclude-path', stream]),
      ...others,
      `${service.url}/api/v1/openapi.json`,
    ];
    const env = {
      ...process.env,
      ...world,
      PYTHONDONTWRITEBYTECODE: '1',
      SCHEMATHESIS_HOOKS: path.join(folder, 'hooks.py'),
    };
    ({ status, error } = spawnSync(path.join(bin, 'st'), options, {
      env,
      cwd: directory,
      stdio: 'inherit',
    }));
  } finally {
    service.stop();
    fs.rmSync(directory, { recursive: true, force: true });
  }
  if (error) fail(String(error));
  if (status !== 0) process.exit(status ?? 1);
}

/** Does nothing when what is pinned is there. */
function install() {
  const pinned = path.join(folder, 'requirements.txt');
  const done = path.join(environment, 'installed.txt');
  // An environment works only where it was made.
  const wanted = `# in ${environment}\n${fs.readFileSync(pinned, 'utf8')}`;
  if (fs.existsSync(done) && fs.readFileSync(done, 'utf8') === wanted) return;
  const python = process.env.PYTHON ?? 'python3';
  if (!exists(python)) {
    fail('Python 3.10 or newer is missing: install python3 and python3-venv, or set PYTHON to it.');
  }
  fs.rmSync(environment, { recursive: true, force: true });
  if (spawnSync(python, ['-m', 'venv', environment], { stdio: 'inherit' }).status !== 0) {
    fail('Python can make no virtual environment: install python3-venv.');
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', pinned];
  if (spawnSync(path.join(bin, 'python'), pip, { stdio: 'inherit' }).status !== 0) {
    fail('Schemathesis cannot be installed from PyPI.');
  }
  fs.writeFileSync(done, wanted);
}

/** @param {string} data */
async function start(data) {
  const program = process.env.SECRET_MANAGER_EXECUTABLE ?? executable;
  const args = ['--data', data, 'serve', '--listen', '127.0.0.1:0', '--log', 'error'];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const url = String((await lines.next()).value).split(' listening on ')[1];
  const code = String((await lines.next()).value).split('#')[1];
  if (!url || !code) fail('The service did not start.');
  return { url, code, stop: () => child.kill() };
}

/**
 * Makes the people and things that hooks.py tells of.
 * @param {{ url: string, code: string }} service
 */
async function settle({ url, code }) {
  /** @type {(line: string, body: object, session?: string) => Promise<any>} */
  const ask = async (line, body, session) => {
    const [method, address] = line.split(' ');
    const headers = { 'content-type': 'application/json', cookie: `__Host-session=${session}` };
    const request = { method, headers, body: JSON.stringify(body) };
    const response = await fetch(`${url}/api/v1${address}`, request);
    if (!response.ok) throw new Error(`${line}: ${response.status} ${await response.text()}`);
    const cookie = response.headers.get('set-cookie') ?? '';
    return { ...(await response.json()), session: /=([^;]*)/.exec(cookie)?.[1] };
  };
  const anna = await ask('POST /setup', { code, name: 'anna', password });
  const { invitation } = await ask('POST /users', { name: 'leaver' }, anna.session);
  const leaver = await ask('POST /invitations/accept', { code: invitation.code, password });
  const space = await ask('POST /spaces', { name: 'plant' }, anna.session);
  const secret = { type: 'text', value: 'v' };
  await ask('PUT /spaces/plant/secrets/DB_PASSWORD', secret, anna.session);
  const token = await ask('POST /spaces/plant/tokens', { name: 'run' }, anna.session);
  return {
    SECRET_MANAGER_SESSION: anna.session,
    SECRET_MANAGER_SESSION_TO_END: leaver.session,
    SECRET_MANAGER_TOKEN: token.token,
    SECRET_MANAGER_KEPT_USERS: `anna ${anna.user.id}`,
    SECRET_MANAGER_KEPT_SPACES: `plant ${space.id}`,
    SECRET_MANAGER_KEPT_TOKENS: token.id,
  };
}
