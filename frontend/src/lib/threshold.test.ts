import { expect, it } from 'vitest'
import { cheapest, costOf, measuresOf, nearest } from './threshold'

const TABLE = [
  { threshold: 0.2, tp: 9, fp: 20, fn: 1, tn: 70 },
  { threshold: 0.5, tp: 7, fp: 5, fn: 3, tn: 85 },
  { threshold: 0.9, tp: 2, fp: 0, fn: 8, tn: 90 },
]

it('derives measures from counts by hand', () => {
  expect(measuresOf(TABLE[1] as (typeof TABLE)[number])).toEqual({
    precision: 7 / 12,
    recall: 0.7,
    specificity: 85 / 90,
    f1: 14 / 22,
    accuracy: 0.92,
  })
})

it('has no precision where nothing was said', () => {
  expect(measuresOf({ tp: 0, fp: 0, fn: 4, tn: 6 }).precision).toBeNull()
})

it('finds the row with the nearest threshold', () => {
  expect(nearest(TABLE, 0.6)?.threshold).toBe(0.5)
  expect(nearest([], 0.6)).toBeUndefined()
})

it('moves the cheapest threshold with what mistakes cost', () => {
  expect(cheapest(TABLE, { falseAlarm: 1, miss: 1 })?.threshold).toBe(0.5)
  expect(cheapest(TABLE, { falseAlarm: 1, miss: 20 })?.threshold).toBe(0.2)
  expect(cheapest(TABLE, { falseAlarm: 9, miss: 1 })?.threshold).toBe(0.9)
  expect(costOf(TABLE[0] as (typeof TABLE)[number], { falseAlarm: 2, miss: 10 })).toBe(50)
})
