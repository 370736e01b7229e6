#!/usr/bin/env node
'use strict';

/*
 * Collects secrets from where flows had them so far, and puts them into the built-in vault or writes
 * them in the form that a space imports. It changes nothing where it finds them, and shows no value
 * unless it is told to write them.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { toSecrets } = require('./collect/names');
const { fromContext, fromCredentials, fromEnvironment } = require('./collect/sources');
const { CollectError, UserDirectory } = require('./collect/user-directory');
const { intoVault } = require('./collect/vault');

const USAGE = `Collects secrets from a Node-RED that had them elsewhere so far.

secret-manager-collect --from credentials|context|environment [options]

  --from credentials   nodes of node-red-contrib-credentials
  --from context       plain global context: the file of a file store, and
                       functionGlobalContext of the settings file
  --from environment   the environment variables that flows use

  --import             puts the secrets into the built-in vault of this Node-RED, which
                       may be running
  --output FILE        writes the secrets to a new file that only you can read (JSON, in
                       clear, for the import); - writes them to the standard output.
                       Without either only their names are shown.
  --names A,B          only these
  --user-dir DIR       Node-RED's user directory; ~/.node-red unless said otherwise
  --flow-file FILE     when it isn't the one that the settings file names
  --context-file FILE  for context: another file
  --node-red URL       for context: also what this running Node-RED has in memory;
                       NODE_RED_TOKEN is an access token of it, if it asks for one
  --env-file FILE      for environment: read FILE instead of this command's environment;
                       may be given several times`;

/** @param {string[]} args */
async function main(args) {
  const options = parse(args);
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const names = options.names?.split(',').map((name) => name.trim());
  const directory = new UserDirectory(options['user-dir'], options['flow-file']);
  const { found, leftOut, next } = await collectFrom(directory, options, names);
  const isChosen = (/** @type {{ path: string }} */ { path }) => !names || names.includes(path);
  const { secrets, leftOut: refused } = toSecrets(found.filter(isChosen));
  const report = reportOf(secrets, [...leftOut.filter(isChosen), ...refused]);
  if (secrets.length === 0) throw new CollectError(`${report}\nThere is nothing to take.`);

  const values = Object.fromEntries(secrets.map(({ name, value }) => [name, value]));
  const text = `${JSON.stringify(values, null, 2)}\n`;
  // With the values on the standard output, this is for the person beside it.
  const tell = options.output === '-' ? console.error : console.log;
  tell(report);
  if (options.import) tell(await intoVault(directory.directory, text));
  if (options.output) write(text, options.output);
  const steps = [...stepsWith(options.output), ...next];
  if (options.import || options.output) {
    tell(`\nNext:\n${steps.map((step, at) => `${at + 1}. ${step}`).join('\n')}`);
  }
}

/** @param {string | undefined} output */
function stepsWith(output) {
  if (!output) return [];
  const imported = 'Import the secrets.';
  return output === '-'
    ? [imported]
    : [imported, `Delete ${output}: it holds the values in clear.`];
}

/** @param {string[]} args */
function parse(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        from: { type: 'string' },
        import: { type: 'boolean' },
        output: { type: 'string' },
        names: { type: 'string' },
        'user-dir': { type: 'string', default: path.join(os.homedir(), '.node-red') },
        'flow-file': { type: 'string' },
        'context-file': { type: 'string' },
        'node-red': { type: 'string' },
        'env-file': { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    throw new CollectError(`${error.message}\n\n${USAGE}`);
  }
}

/**
 * @param {InstanceType<typeof UserDirectory>} directory
 * @param {ReturnType<typeof parse>} options
 * @param {string[] | undefined} names
 */
function collectFrom(directory, options, names) {
  switch (options.from) {
    case 'credentials':
      return fromCredentials(directory);
    case 'context': {
      const { 'context-file': contextFile, 'node-red': nodeRed } = options;
      return fromContext(directory, { contextFile, nodeRed });
    }
    case 'environment':
      return fromEnvironment(directory, { names, envFiles: options['env-file'] });
    default:
      throw new CollectError(`Say where from.\n\n${USAGE}`);
  }
}

/**
 * @param {import('./collect/names').Secret[]} secrets
 * @param {import('./collect/names').LeftOut[]} leftOut
 */
function reportOf(secrets, leftOut) {
  const lines = secrets.map(({ name, value, was, places }) => {
    const type = typeof value === 'string' ? 'text' : 'json';
    const renamed = was.length > 0 ? `, so far ${was.join(' and ')}` : '';
    return `  ${name} (${type})${renamed}: ${places.join('; ')}`;
  });
  if (lines.length > 0) lines.unshift('Secrets:');
  if (leftOut.length > 0) lines.push('Left out:');
  for (const { path, place, reason } of leftOut) lines.push(`  ${path}: ${reason} (${place})`);
  return lines.join('\n');
}

/**
 * @param {string} text
 * @param {string} output
 */
function write(text, output) {
  if (output === '-') {
    process.stdout.write(text);
    return;
  }
  try {
    fs.writeFileSync(output, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const why = error.code === 'EEXIST' ? 'it is there already' : error.message;
    throw new CollectError(`${output} can't be written: ${why}`);
  }
}

main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof CollectError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
