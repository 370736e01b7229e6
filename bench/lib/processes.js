'use strict';

/* Server processes that are measured from outside, as Linux accounts for them in /proc. */

const { execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const { setTimeout } = require('node:timers/promises');
const { promisify } = require('node:util');

/** The kernel's unit in /proc/PID/stat: USER_HZ, the same on all machines. */
const TICKS_PER_SECOND = 100;

/*
 * Each server gets one processor and the load another one: else the server that needs less would
 * share the rest with the load, and what is compared would be the load as well.
 */
const SERVERS = os.availableParallelism() > 1 ? '1' : '0';
const LOAD = '0';

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

class ServerProcess {
  /** On standard output so far. */
  #said = '';
  #output;

  /**
   * Starts a server and waits for nothing.
   * @param {string} command
   * @param {string[]} args
   * @param {object} [options]
   * @param {NodeJS.ProcessEnv} [options.env]
   * @param {string} [options.log] takes what it says on standard error
   * @param {'own' | 'all'} [options.processors] which it may use: the servers' own one, unless it is
   *   measured how much two of them do
   */
  constructor(command, args, { env = process.env, log, processors = 'own' } = {}) {
    const errors = log ? fs.openSync(log, 'a') : 'inherit';
    const list = processors === 'own' ? SERVERS : `0-${os.availableParallelism() - 1}`;
    // taskset becomes the server itself, so the process id is the server's.
    this.child = spawn('taskset', ['--cpu-list', list, command, ...args], {
      env,
      stdio: ['ignore', 'pipe', errors],
    });
    if (typeof errors === 'number') fs.closeSync(errors);
    this.#output = /** @type {import('node:stream').Readable} */ (this.child.stdout);
    this.#output.on('data', (chunk) => (this.#said += chunk));
    running.add(this.child);
    this.ended = new Promise((resolve) => this.child.once('exit', () => resolve(undefined)));
    this.ended.then(() => running.delete(this.child));
  }

  /**
   * What the pattern's group found in the output, as soon as it is there.
   * @param {RegExp} pattern
   * @returns {Promise<string>}
   */
  async says(pattern) {
    for (;;) {
      const found = pattern.exec(this.#said);
      if (found) return found[1];
      const more = await Promise.race([once(this.#output, 'data'), this.ended]);
      if (!more) throw new Error(`${this.child.spawnargs.join(' ')} ended: ${this.#said}`);
    }
  }

  /** Seconds on a processor so far, in all threads, in steps of 10 ms. */
  processorTime() {
    const stat = fs.readFileSync(`/proc/${this.child.pid}/stat`, 'utf8');
    // The name before the last parenthesis may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /**
   * How much of one processor it takes within a stretch of time, in %. Without the steps above, for
   * a process that does next to nothing.
   * @param {number} milliseconds
   */
  async processorShare(milliseconds) {
    const before = threadTimes(this.child.pid);
    const began = performance.now();
    await setTimeout(milliseconds);
    const elapsed = performance.now() - began;
    const spent = timeSince(before, this.child.pid);
    return (spent / elapsed) * 100;
  }

  /** Resident memory in MiB. */
  memory() {
    const status = fs.readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.ended;
  }
}

/**
 * How long each thread of a process was on a processor so far, in ms.
 * @param {number | string | undefined} id of the process, or "self"
 * @param {string} [name] only of threads that are called so
 * @returns {Map<string, number>}
 */
function threadTimes(id, name) {
  const tasks = `/proc/${id}/task`;
  const read = (/** @type {string} */ file) => fs.readFileSync(`${tasks}/${file}`, 'utf8');
  const threads = fs.readdirSync(tasks);
  const wanted = threads.filter((thread) => !name || read(`${thread}/comm`).trim() === name);
  return new Map(
    wanted.map((thread) => [thread, Number(read(`${thread}/schedstat`).split(' ')[0]) / 1e6]),
  );
}

/**
 * The same for all of them together, since an earlier look.
 * @param {Map<string, number>} before
 * @param {number | string | undefined} id
 * @param {string} [name]
 */
function timeSince(before, id, name) {
  const now = [...threadTimes(id, name)];
  return now.reduce((sum, [thread, time]) => sum + time - (before.get(thread) ?? 0), 0);
}

/**
 * Runs a program that ends by itself on the processor of the load, and returns what it printed.
 * @param {string} command
 * @param {string[]} args
 */
async function runLoad(command, args) {
  const { stdout } = await promisify(execFile)('taskset', ['--cpu-list', LOAD, command, ...args]);
  return stdout;
}

module.exports = { ServerProcess, runLoad, threadTimes, timeSince };
