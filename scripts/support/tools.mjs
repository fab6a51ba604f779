/** Nodes and npms of given versions, from the npm registry, each in a folder of its own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/**
 * @typedef {{ version: string, binary: string }} Node
 * @typedef {{ version: string, cli: string, engines: string, bin: string }} Npm
 */

/** The package that holds this machine's binary, the same that the package `node` installs. */
function nodePackage() {
  const system = platform() === 'win32' ? 'win' : platform();
  return `${system === 'darwin' && arch() === 'arm64' ? 'node-bin' : 'node'}-${system}-${arch()}`;
}

/** The newest release in a range. */
function newest(name, range) {
  const args = ['view', `${name}@${range}`, 'version', '--json'];
  const versions = [JSON.parse(runNpm(args))].flat().filter((version) => !version.includes('-'));
  const [last] = versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  if (last === undefined) throw new Error(`support-table: the registry has no ${name}@${range}`);
  return last;
}

/** Runs the npm that is on the path. */
function runNpm(args, cwd) {
  const shell = platform() === 'win32'; // there npm is a .cmd, which only a shell starts
  return execFileSync('npm', args, { cwd, shell, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Installs a package by itself. @returns its folder. */
function install(name, version, folder) {
  const home = join(folder, `${name}-${version}`);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "private": true }');
  runNpm(['install', `${name}@${version}`, '--ignore-scripts', '--no-audit', '--loglevel=error'], home);
  return join(home, 'node_modules', name);
}

/** @returns {Node} */
export function installNode(range, folder) {
  const name = nodePackage();
  const home = install(name, newest(name, range), folder);
  const binary = join(home, 'bin', platform() === 'win32' ? 'node.exe' : 'node');
  return { version: execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().slice(1), binary };
}

/** @returns {Npm} */
export function installNpm(range, folder) {
  const home = install('npm', newest('npm', range), folder);
  const { version, engines } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  return { version, engines: engines.node, cli: join(home, 'bin/npm-cli.js'), bin: join(home, '../.bin') };
}

/** Whether npm runs on this Node, by the semver that is inside npm. */
export function enginesAllow(npm, node) {
  return createRequire(npm.cli)('semver').satisfies(node.version, npm.engines);
}

/**
 * The environment of a machine with this pair: both first on the path, an empty cache of npm's, and no setting that
 * the npm which started this script handed down. Registry, proxy and certificates stay.
 */
export function environmentOf(npm, node, home) {
  const kept = /^npm_config_(registry|userconfig|cafile|.*proxy)$/i;
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || kept.test(name));
  return {
    ...Object.fromEntries(inherited),
    PATH: [dirname(node.binary), npm.bin, process.env.PATH].join(delimiter),
    npm_config_cache: join(home, 'npm-cache'),
    XDG_CACHE_HOME: join(home, 'cache'),
  };
}
