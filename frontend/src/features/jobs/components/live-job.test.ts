import { expect, it } from 'vitest'
import type { Trial } from '@/api/types'
import { bestOverTime } from './live-job'

const trial = (at_seconds: number, score: number | null): Trial => ({
  trial_id: at_seconds,
  rank: 1,
  family: 'lightgbm',
  score,
  config: {},
  train_seconds: 1,
  at_seconds,
  sample_rows: 100,
})

it('steps up only where a trial was better, and ends where the search does', () => {
  const trials = [trial(3, 0.7), trial(1, 0.6), trial(2, 0.5), trial(4, null), trial(5, 0.65)]

  expect(bestOverTime(trials, 'roc_auc')).toEqual([
    { x: 1, y: 0.6 },
    { x: 3, y: 0.7 },
    { x: 5, y: 0.7 },
  ])
})

it('steps down for a loss', () => {
  expect(bestOverTime([trial(1, 2), trial(2, 1)], 'log_loss')).toEqual([
    { x: 1, y: 2 },
    { x: 2, y: 1 },
  ])
})
