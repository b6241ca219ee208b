import { describe, expect, it } from 'vitest'
import { ago, bytes, duration, number, plural, share } from './format'

describe('durations', () => {
  it.each([
    [0, '0 s'],
    [59.6, '1 min'],
    [200, '3 min 20 s'],
    [3600, '1 h'],
    [3900, '1 h 5 min'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('writes %s seconds as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text)
  })
})

describe('sizes', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [291_480, '291 kB'],
    [1_000_000_000, '1 GB'],
  ])('writes %s bytes as %s', (value, text) => {
    expect(bytes(value)).toBe(text)
  })
})

describe('shares', () => {
  it('never rounds something to nothing', () => {
    expect(share(0.0002)).toBe('< 0.1%')
    expect(share(0)).toBe('0%')
  })
})

describe('numbers', () => {
  it('keeps whole numbers whole and four digits of others', () => {
    expect(number(1234)).toBe('1,234')
    expect(number(0.123456)).toBe('0.1235')
    expect(number(Number.POSITIVE_INFINITY)).toBe('–')
  })

  it('writes the very small with a power', () => {
    expect(number(0.0000012)).toBe('1.2E-6')
  })
})

it('counts in words', () => {
  expect(plural(1, 'row')).toBe('1 row')
  expect(plural(2000, 'row')).toBe('2,000 rows')
})

it('tells how long ago something was in the largest unit that fits', () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  expect(ago('2026-11-22T11:59:40Z', now)).toBe('just now')
  expect(ago('2026-11-22T11:30:00Z', now)).toBe('30 minutes ago')
  expect(ago('2026-11-20T12:00:00Z', now)).toBe('2 days ago')
})
