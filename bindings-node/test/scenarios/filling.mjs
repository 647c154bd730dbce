// What a scenario can only name: times of the sandbox, what earlier steps saved, a folder of its own.

import assert from 'node:assert/strict';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `value` with everything filled in, at any depth. */
export function filled(value, about) {
  if (typeof value === 'string') return text(value, about);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => filled(item, about));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, filled(part, about)]));
}

/** A path with the scenario's folder filled in. */
export function filledPath(path, { folder }) {
  return path === '$tmp' || path.startsWith('$tmp/') ? folder + path.slice('$tmp'.length) : path;
}

function text(value, about) {
  const time = /^now(?:([+-]\d+)([smhd]))?$/.exec(value);
  if (time) {
    const seconds = Number(time[1] ?? 0) * SECONDS[time[2] ?? 's'];
    return new Date(about.now + seconds * 1000).toISOString();
  }
  const [name, ...members] = value.slice(1).split('.');
  // Parameters such as `$top` are no variables.
  if (!value.startsWith('$') || !(name in about.saved)) return filledPath(value, about);
  const found = members.reduce((at, member) => at?.[member], about.saved[name]);
  assert.notEqual(found, undefined, `${value} was not saved`);
  return found;
}
