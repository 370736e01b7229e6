'use strict';

/*
 * `npm run fuzz`: gives each parser that meets bytes from outside a minute of hostile input, beginning
 * with the kept one. `npm run fuzz -- NAME… SECONDS`: these targets, for that long.
 * `npm run fuzz -- NAME FILE`: this one input, such as one that was found.
 *
 * Builds the targets of fuzz/ the way `cargo fuzz build --sanitizer none` does, which needs neither
 * another toolchain nor another tool. What they protect is safe Rust, so there is nothing that an
 * address sanitizer would see.
 */

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bundlePage } = require('./page');
const { exists, fail, root, run } = require('./run');

/** For each target, when nothing else is asked for. */
const SECONDS = 60;

const COVERAGE = [
  '-Cpasses=sancov-module',
  ...[
    ...['level=4', 'inline-8bit-counters', 'pc-table', 'trace-compares', 'stack-depth'].map(
      (what) => `sanitizer-coverage-${what}`,
    ),
    'simplifycfg-branch-fold-threshold=0',
  ].map((argument) => `-Cllvm-args=-${argument}`),
  // More of them would keep the pass from inlining.
  '-Ccodegen-units=1',
  '--cfg fuzzing',
];

/** What one input may take. */
const LIMITS = ['-timeout=10', '-rss_limit_mb=1024', '-max_len=4096'];

async function main() {
  const { names, seconds, file } = given(process.argv.slice(2));
  const directory = build();
  process.env.TMPDIR = temporaryDirectory();
  if (file !== undefined) {
    run(path.join(directory, names[0]), [...LIMITS, path.resolve(file)]);
    return;
  }
  let failed = 0;
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      if (!(await fuzz(directory, name, seconds))) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, worker));
  if (failed > 0) fail(`${failed} of ${names.length} fuzz targets failed; see above.`);
}

/** @param {string[]} words */
function given(words) {
  const files = fs.readdirSync(path.join(root, 'fuzz/fuzz_targets'));
  const all = files.map((name) => path.parse(name).name);
  /** @type {{names: string[], seconds: number, file?: string}} */
  const given = { names: [], seconds: SECONDS };
  for (const word of words) {
    if (all.includes(word)) given.names.push(word);
    else if (/^[1-9]\d*$/.test(word)) given.seconds = Number(word);
    else if (given.names.length === 1 && fs.existsSync(word)) given.file = word;
    else fail(`There is no fuzz target ${word}. There are ${all.join(', ')}.`);
  }
  if (given.names.length === 0) given.names = all;
  return given;
}

/** Answers where the executables are. */
function build() {
  if (!exists('cargo')) fail('Rust is missing: install it from https://rustup.rs.');
  // The service embeds its page.
  bundlePage();
  useTheProductsDependencies();
  const host = /^host: (.*)$/m.exec(String(execFileSync('rustc', ['-vV'])))?.[1] ?? '';
  process.env.RUSTFLAGS = COVERAGE.join(' ');
  process.env.CARGO_TARGET_DIR = path.join(root, 'target/fuzz');
  // With a target of its own what runs during the build isn't instrumented.
  const options = ['--release', '--target', host];
  run('cargo', ['build', ...options, '--manifest-path', 'fuzz/Cargo.toml', '--bins']);
  return path.join(root, 'target/fuzz', host, 'release');
}

/** What is fuzzed is what is shipped: the same versions, and those of the fuzzer besides. */
function useTheProductsDependencies() {
  const products = fs.readFileSync(path.join(root, 'Cargo.lock'), 'utf8');
  const copied = path.join(root, 'target/fuzz/Cargo.lock');
  const lock = path.join(root, 'fuzz/Cargo.lock');
  if (fs.existsSync(lock) && fs.existsSync(copied)) {
    if (fs.readFileSync(copied, 'utf8') === products) return;
  }
  fs.mkdirSync(path.dirname(copied), { recursive: true });
  fs.writeFileSync(lock, products);
  fs.writeFileSync(copied, products);
}

/**
 * Where targets keep files, gone when this process ends: in memory where there is such a place, so that
 * nobody waits for a disk.
 */
function temporaryDirectory() {
  const place = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const directory = fs.mkdtempSync(path.join(place, 'secret-manager-fuzz-'));
  process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  return directory;
}

/**
 * Tells whether nothing was found.
 * @param {string} directory
 * @param {string} name
 * @param {number} seconds
 */
async function fuzz(directory, name, seconds) {
  const kept = path.join(root, 'fuzz/corpus', name);
  // What the run finds on its way; the kept inputs are left as they are.
  const found = path.join(root, 'target/fuzz/corpus', name);
  const artifacts = path.join(root, 'fuzz/artifacts', name);
  for (const made of [found, artifacts]) fs.mkdirSync(made, { recursive: true });
  const child = spawn(
    path.join(directory, name),
    [
      ...LIMITS,
      `-max_total_time=${seconds}`,
      '-print_final_stats=1',
      `-artifact_prefix=${artifacts}${path.sep}`,
      ...[found, kept],
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
  const status = await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  if (status !== 0) {
    const end = output.split('\n').filter((line) => !line.startsWith('#'));
    console.error(`\n${name}: failed\n${end.slice(-60).join('\n')}`);
    return false;
  }
  const runs = Number(/number_of_executed_units: (\d+)/.exec(output)?.[1] ?? 0);
  const paths = [...output.matchAll(/ cov: (\d+)/g)].at(-1)?.[1];
  console.log(`${name}: ${runs.toLocaleString('en')} runs, ${paths} places reached`);
  return runs > 0;
}

main();
