/** Milliseconds between two looks at something that runs: often at first, seldom out of sight. */
export function pollEvery(startedAt: string | null, isHidden: boolean, now = Date.now()): number {
  if (isHidden) return 30_000
  const age = startedAt ? now - new Date(startedAt).getTime() : 0
  return age < 60_000 ? 1_500 : 5_000
}
