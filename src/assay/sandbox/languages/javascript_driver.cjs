'use strict';
// Runs inside the sandbox and shares its process with the candidate: it answers calls with plain
// values over descriptor 3 and knows no expected value. `node driver main.js LIMIT`.
// Values cross as tagged JSON, see child/codec.py.

const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { createRequire, stripTypeScriptTypes } = require('module');
const { pathToFileURL } = require('url');

const CHANNEL = 3, TRACE = 4, MAX_OUT = 16 << 20, MAX_DEPTH = 100, OUTPUT_STATUS = 77;
const file = path.resolve(process.argv[2]);
const outputLimit = Number(process.argv[3]);
const { readSync, writeSync } = fs;
const { parse, stringify } = JSON;
const exit = process.exit.bind(process), usage = process.resourceUsage.bind(process);
const exported = [];

class NotPlain extends Error {}
class Gone extends Error {}

// -- frames ----------------------------------------------------------------------------------

function take(size) {
  const buffer = Buffer.alloc(size);
  for (let done = 0; done < size;) {
    const count = readSync(CHANNEL, buffer, done, size - done, null);
    if (count === 0) exit(0);
    done += count;
  }
  return buffer;
}

const BIG = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

function receive() {
  const text = take(take(4).readUInt32BE(0)).toString('utf8');
  return parse(text.replace(BIG, (found) => (found[0] === '"' ? found : `{"I":"${found}"}`)));
}

function send(message) {
  let body = Buffer.from(stringify(message), 'utf8');
  if (body.length > MAX_OUT) body = Buffer.from(stringify({ bad: `value of ${body.length} bytes` }));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length, 0);
  const data = Buffer.concat([head, body]);
  for (let done = 0; done < data.length;) done += writeSync(CHANNEL, data, done);
}

function request(message) {
  send(message);
  const reply = receive();
  if ('ok' in reply) return decode(reply.ok);
  const error = new Error(reply.message || '');
  error.name = String(reply.exc);
  throw error;
}

// -- values ----------------------------------------------------------------------------------

function encodeNumber(value) {
  if (Number.isNaN(value)) return { F: 'nan' };
  if (!Number.isFinite(value)) return { F: value > 0 ? 'inf' : '-inf' };
  return value;
}

function encode(value, depth = 0, frozen = false) {
  if (value === null || value === undefined) return null;
  const next = (item) => encode(item, depth + 1, frozen);
  const hashable = (item) => encode(item, depth + 1, true);
  switch (typeof value) {
    case 'boolean': case 'string': return value;
    case 'number': return encodeNumber(value);
    case 'bigint': return { I: (value < 0n ? '-0x' : '0x') + (value < 0n ? -value : value).toString(16) };
    case 'function': return handle(value, 'callable');
    case 'symbol': throw new NotPlain('a symbol');
  }
  if (depth > MAX_DEPTH) throw new NotPlain(`value nested more than ${MAX_DEPTH} deep`);
  if (value.assayHandle !== undefined && remotes.has(value)) return { O: remotes.get(value) };
  if (Array.isArray(value)) {
    const items = Array.from(value, next);
    return frozen ? { T: items } : items;
  }
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return next(value.valueOf());
  if (value instanceof Map) return { D: Array.from(value, ([key, item]) => [hashable(key), next(item)]) };
  if (value instanceof Set) return { [frozen ? 'Z' : 'S']: Array.from(value, hashable) };
  if (value instanceof Uint8Array) return { B: Buffer.from(value).toString('hex') };
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value, next);
  const shape = Object.getPrototypeOf(value);
  if (shape === null || shape === Object.prototype) {
    if (frozen) throw new NotPlain('an object inside a set');
    return { D: Object.entries(value).map(([key, item]) => [key, next(item)]) };
  }
  if (typeof value.next === 'function') return handle(value, 'iterator');
  return handle(value, 'object');
}

function handle(value, kind) {
  exported.push(value);
  const name = kind === 'callable' ? value.name : value.constructor && value.constructor.name;
  return { H: [exported.length - 1, kind, String(name || kind).slice(0, 100)] };
}

const remotes = new WeakMap();

function remote(number, kind) {
  const call = (...args) => request({ op: 'call', id: number, args: [encode(args), { D: [] }] });
  const made = kind === 'iterator' ? judgeIterator(number) : call;
  made.assayHandle = number;
  remotes.set(made, number);
  return made;
}

function judgeIterator(number) {
  return {
    next() {
      try {
        return { done: false, value: request({ op: 'next', id: number }) };
      } catch (error) {
        if (error.name === 'StopIteration') return { done: true, value: undefined };
        throw error;
      }
    },
    [Symbol.iterator]() { return this; },
  };
}

function integer(text) {
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

const READERS = {
  I: integer,
  F: (body) => ({ nan: NaN, inf: Infinity, '-inf': -Infinity })[body],
  FA: (body) => Array.from(new Float64Array(new Uint8Array(Buffer.from(body, 'base64')).buffer)),
  T: (body) => body.map(decode),
  S: (body) => new Set(body.map(decode)),
  Z: (body) => new Set(body.map(decode)),
  B: (body) => Uint8Array.from(Buffer.from(body, 'hex')),
  A: (body) => Uint8Array.from(Buffer.from(body, 'hex')),
  Q: (body) => body[1].map(decode),
  O: (body) => exported[body],
  H: (body) => remote(body[0], body[1]),
  R: ([start, stop, step]) => {
    const items = [];
    for (let at = start; step > 0 ? at < stop : at > stop; at += step) items.push(at);
    return items;
  },
};

function decodePairs(body) {
  const pairs = body.map(([key, item]) => [decode(key), decode(item)]);
  if (!pairs.every(([key]) => typeof key === 'string')) return new Map(pairs);
  const made = {};
  for (const [key, item] of pairs) {
    Object.defineProperty(made, key, { value: item, writable: true, enumerable: true, configurable: true });
  }
  return made;
}

function decode(node) {
  if (node === null || typeof node !== 'object') return node;
  if (Array.isArray(node)) return node.map(decode);
  const [tag, body] = Object.entries(node)[0];
  if (tag === 'D' || tag === 'DC' || tag === 'DO') return decodePairs(body);
  if (tag === 'DD') return decodePairs(body[1]);
  if (tag === 'NT') return READERS.T(body[2]);
  if (READERS[tag]) return READERS[tag](body);
  throw new TypeError(`JavaScript has no value like Python's (${tag})`);
}

// -- the candidate ---------------------------------------------------------------------------

function describe(error) {
  if (!(error instanceof Error) && !(error && typeof error === 'object' && 'message' in error)) {
    return { type: 'Error', module: '', bases: [], names: ['Error', 'Exception'], message: `threw ${String(error)}`, line: null, source: null, errno: null };
  }
  const names = [];
  for (let at = error; at && names.length < 20; at = Object.getPrototypeOf(at)) {
    const name = at.constructor && at.constructor.name;
    if (name && name !== 'Object' && !names.includes(name)) names.push(name);
  }
  const own = String(error.name || names[0] || 'Error');
  const place = /\bmain(?:\.\d+)?\.(?:js|ts|mjs|cjs):(\d+)/.exec(String(error.stack));
  const source = place ? (code.split('\n')[place[1] - 1] || '').trim().slice(0, 300) || null : null;
  const errno = { EPERM: 1, EACCES: 13, EROFS: 30 }[error.code];
  return {
    type: own, module: '', bases: [], names: [own, ...names, 'Exception'], message: String(error.message).slice(0, 2000),
    line: place ? Number(place[1]) : null, source, errno: errno === undefined ? null : errno,
  };
}

let captured = '', left = outputLimit;

function capture() {
  const write = (chunk, encoding, done) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    left -= text.length;
    if (left < 0) exit(OUTPUT_STATUS);
    captured += text;
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
  process.stdout.write = write;
}

let find = () => undefined;
let names = [];
let loads = 0;
const code = fs.readFileSync(file, 'utf8');
const isModule = file.endsWith('.mjs') || /^\s*(?:import\s+[\w{*"']|export\s)/m.test(code);
const DECLARED = /^(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\s*\*?|const|let|var|class)\s+([A-Za-z_$][\w$]*)/gm;

// Every test finds the candidate as it is after loading: nothing of another test is left.
async function load() {
  loads += 1;
  const text = file.endsWith('.ts') ? withoutTypes() : code;
  if (isModule) return loadModule(text);
  const holder = { exports: {} };
  const lookUp = '\n;return (assayName) => eval(assayName);';
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
  let body;
  try {
    body = vm.compileFunction(text + lookUp, parameters, { filename: file });
  } catch (error) {
    vm.compileFunction(text, parameters, { filename: file }); // its own error names the right place
    throw error;
  }
  const scope = body.call(holder.exports, holder.exports, createRequire(file), holder, file, path.dirname(file));
  const given = holder.exports;
  const own = given && (typeof given === 'object' || typeof given === 'function') ? Object.keys(given) : [];
  const declared = Array.from(text.matchAll(DECLARED), (found) => found[1]);
  names = [...new Set([...own, ...declared])].filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
  find = (name) => (own.includes(name) ? given[name] : scope(name));
  return undefined;
}

// Types become blanks, so that lines stay; enums and the like must be rewritten.
function withoutTypes() {
  try {
    return stripTypeScriptTypes(code, { sourceUrl: file });
  } catch {
    return stripTypeScriptTypes(code, { mode: 'transform', sourceUrl: file });
  }
}

async function loadModule(text) {
  const place = file.replace(/\.\w+$/, `.${loads}.mjs`);
  fs.writeFileSync(place, text);
  const space = await import(pathToFileURL(place).href);
  names = Object.keys(space);
  find = (name) => space[name];
}

function kindOf(value) {
  if (typeof value !== 'function') return 'value';
  return 'function';
}

function known() {
  const found = [];
  for (const name of names) {
    try { found.push([name, kindOf(find(name))]); } catch { /* declared, never reached */ }
  }
  return found;
}

// -- calls -----------------------------------------------------------------------------------

const OPERATIONS = {
  get(message) { return { ok: encode(find(message.name)) }; },
  next(message) {
    const step = exported[message.id].next();
    if (step.done) return { exc: { type: 'StopIteration', module: 'builtins', bases: [], names: ['StopIteration'], message: '' } };
    return { ok: encode(step.value) };
  },
  async call(message) {
    const target = 'id' in message ? exported[message.id] : find(message.name);
    const [positional, named] = message.args;
    if (named.D.length) throw new TypeError('JavaScript has no keyword arguments');
    const args = decode(positional);
    const before = stringify(encode(args));
    let result;
    if (/^class\b/.test(Function.prototype.toString.call(target))) result = new target(...args);
    else result = await target(...args);
    const same = typeof result === 'object' && result !== null ? args.indexOf(result) : -1;
    const reply = same >= 0 && typeof positional[same] === 'object' ? { same } : { ok: encode(result) };
    const after = encode(args);
    if (stringify(after) !== before) reply.args = [restored(after, positional), { D: [] }];
    return reply;
  },
};

// What was a tuple for the judge stays one: it puts the changes into its own values.
function restored(after, before) {
  const isTuple = before !== null && typeof before === 'object' && 'T' in before;
  const was = isTuple ? before.T : before;
  if (!Array.isArray(after) || !Array.isArray(was)) return after;
  const items = after.map((node, index) => restored(node, was[index]));
  return isTuple ? { T: items } : items;
}

async function answer(message) {
  let reply;
  try {
    if (message.begin) {
      await load();
      left = outputLimit;
      captured = '';
    }
    reply = await OPERATIONS[message.op](message);
  } catch (error) {
    if (error instanceof NotPlain) reply = { bad: error.message };
    else if (error instanceof RangeError && /call stack/.test(error.message)) reply = { exc: { ...describe(error), type: 'RangeError' } };
    else reply = { exc: describe(error) };
  }
  const { userCPUTime, systemCPUTime, maxRSS } = usage();
  const out = captured;
  captured = '';
  // Half a microsecond more keeps it from being a whole number: the judge asks for a float.
  return { ...reply, out, cpu: (userCPUTime + systemCPUTime + 0.5) / 1e6, peak: maxRSS * 1024 };
}

function failureOf(error) {
  const failure = describe(error);
  const stack = String(error && error.stack);
  if (!(error instanceof SyntaxError) || /\n +at .*\/main\.(js|ts|mjs|\d)/.test(stack)) return { failed: failure };
  const where = /^\S*main\.[\w.]+:(\d+)\n(.*)\n( *)(\^?)/.exec(stack);
  if (where) Object.assign(failure, { line: Number(where[1]), source: where[2].trim() || null });
  failure.column = where && where[4] ? where[3].length + 1 : null;
  return { build: failure };
}

async function main() {
  fs.writeSync(TRACE, '\x1e'); // an end before this is no verdict, see report.reached
  fs.closeSync(TRACE);
  try {
    await load();
    send({ names: known() });
  } catch (error) {
    send(failureOf(error));
    exit(0);
  }
  capture();
  for (;;) send(await answer(receive()));
}

process.on('unhandledRejection', () => {});
main();
