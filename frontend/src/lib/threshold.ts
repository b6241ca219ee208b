/** What a threshold on a probability does, counted on the holdout. */

export interface Counts {
  tp: number
  fp: number
  fn: number
  tn: number
}

export interface Row extends Counts {
  threshold: number
}

export function measuresOf({ tp, fp, fn, tn }: Counts) {
  const over = (part: number, whole: number) => (whole > 0 ? part / whole : null)
  const precision = over(tp, tp + fp)
  const recall = over(tp, tp + fn)
  const specificity = over(tn, tn + fp)
  return {
    precision,
    recall,
    specificity,
    f1: over(2 * tp, 2 * tp + fp + fn),
    accuracy: over(tp + tn, tp + fp + fn + tn),
  }
}

/** Row of the table whose threshold is nearest. */
export function nearest<T extends { threshold: number }>(
  table: readonly T[],
  threshold: number,
): T | undefined {
  let best: T | undefined
  for (const row of table) {
    if (!best || Math.abs(row.threshold - threshold) < Math.abs(best.threshold - threshold))
      best = row
  }
  return best
}

/** Cost of all decisions when a false alarm and a miss cost so much each. */
export function costOf(counts: Counts, costs: { falseAlarm: number; miss: number }): number {
  return counts.fp * costs.falseAlarm + counts.fn * costs.miss
}

/** Threshold with the lowest cost; of equal ones the lowest threshold. */
export function cheapest(
  table: readonly Row[],
  costs: { falseAlarm: number; miss: number },
): Row | undefined {
  let best: Row | undefined
  for (const row of table) {
    if (!best || costOf(row, costs) < costOf(best, costs)) best = row
  }
  return best
}
