import { expect, it } from 'vitest'
import type { Field } from '@/api/types'
import { rowOf, startValues } from './form-values'

const field = (name: string, input: Field['input'], example: Field['example'] = null): Field => ({
  name,
  input,
  example,
  type: input,
  allowed_values: [],
  minimum: null,
  maximum: null,
  importance: null,
})
const FIELDS = [field('age', 'number', 41), field('city', 'select', 'Oslo'), field('born', 'date')]

it('begins with typical values, and nothing where there is none', () => {
  expect(startValues(FIELDS)).toEqual({ age: '41', city: 'Oslo', born: '' })
})

it('sends numbers as numbers, nothing as missing, and what is no number as it was typed', () => {
  expect(rowOf({ age: ' 42.5 ', city: 'Rome', born: '' }, FIELDS)).toEqual({
    age: 42.5,
    city: 'Rome',
    born: null,
  })
  expect(rowOf({ age: 'old' }, FIELDS)).toEqual({ age: 'old', city: null, born: null })
})
