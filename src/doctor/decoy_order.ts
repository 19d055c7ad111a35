/**
 * The order in which the knock ports of a target are looked at.
 *
 * A SYN to a TCP knock port is a knock. So no sequence of the target, no closing sequence and no reverse of
 * them (Debian's knockd closes with the reverse) may be a subsequence of the order: a firewall that
 * ignores other ports in between would take the look for the sequence.
 */

/** The ports of a target's sequences. */
interface Sequences {
  knocks: readonly { port: number }[];
  close?: readonly { port: number }[] | undefined;
}

/**
 * Returns the knock ports in an order that completes no known sequence, each once at most. A port that
 * fits nowhere is left out, such as the only port of a sequence of one knock.
 */
export function buildDecoyOrder({ knocks, close = [] }: Sequences): number[] {
  const sequences = [knocks, close].map((sequence) => listPorts(sequence))
    .filter((ports) => ports.length > 0)
    .flatMap((ports) => [ports, ports.toReversed()]);
  const isSafe = (order: readonly number[]) =>
    !sequences.some((ports) => isSubsequence(ports, order));
  let order: number[] = [];
  for (const port of new Set(listPorts(knocks))) {
    for (let place = 0; place <= order.length; place++) {
      const longer = order.toSpliced(place, 0, port);
      if (!isSafe(longer)) continue;
      order = longer;
      break;
    }
  }
  return order;
}

/** Echo requests have no port; any of them may have been sent, as the doctor's own ping is one. */
function listPorts(knocks: readonly { port: number }[]): number[] {
  return knocks.map(({ port }) => port).filter((port) => port !== 0);
}

/** Whether `ports` appear in `order` one after the other, with others in between or not. */
function isSubsequence(ports: readonly number[], order: readonly number[]): boolean {
  let found = 0;
  for (const port of order) if (port === ports[found]) found++;
  return found === ports.length;
}
