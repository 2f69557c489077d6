// Two sheets hold what two sheets hold: the longest list gives up its last row until everything fits.

/**
 * Takes rows away until `overflows()` is false or nothing can be given up. A list is
 * {rows, least, take(n)}: `take` shows the first n rows and says how many are left out.
 */
export function fit(lists, overflows) {
  const shown = lists.map(({ rows }) => rows);
  while (overflows()) {
    let longest = -1;
    lists.forEach(({ least }, i) => {
      if (shown[i] > least && (longest < 0 || shown[i] > shown[longest])) longest = i;
    });
    if (longest < 0) return shown;
    shown[longest] -= 1;
    lists[longest].take(shown[longest]);
  }
  return shown;
}
