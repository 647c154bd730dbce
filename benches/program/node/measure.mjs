// How long a run takes, how much work of the processor it is, and how much memory it needs.

import { readFileSync } from 'node:fs';

/** What the server prints when it has started: where it is, and how to sign in. */
export const tenant = JSON.parse(process.env.BENCH_TENANT);

/** Begins a run; the function it gives ends it, and prints a line of JSON: seconds, seconds of the processor, bytes. */
export function begin() {
  const cpu = process.cpuUsage();
  const began = performance.now();
  return (found) => {
    const seconds = (performance.now() - began) / 1e3;
    const { user, system } = process.cpuUsage(cpu);
    console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, peak: peak(), ...found }));
  };
}

/** The most memory this process ever held; what `getrusage` says begins with that of the parent. */
function peak() {
  try {
    const kibibytes = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
    return kibibytes && Number(kibibytes[1]) * 1024;
  } catch {
    return null;
  }
}
