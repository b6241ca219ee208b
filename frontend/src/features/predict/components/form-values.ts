import type { Cell, Field } from '@/api/types'

/** What a field of the form holds while it is being filled in: always text; empty is missing. */
export type FormValues = Record<string, string>

export function startValues(fields: readonly Field[]): FormValues {
  return Object.fromEntries(
    fields.map((field) => [field.name, field.example == null ? '' : String(field.example)]),
  )
}

/** The row as the API wants it; text that is no number goes as it is, and is told by the API. */
export function rowOf(values: FormValues, fields: readonly Field[]): Record<string, Cell> {
  return Object.fromEntries(
    fields.map((field) => {
      const text = (values[field.name] ?? '').trim()
      if (text === '') return [field.name, null]
      if (field.input !== 'number') return [field.name, text]
      const value = Number(text)
      return [field.name, Number.isFinite(value) ? value : text]
    }),
  )
}
