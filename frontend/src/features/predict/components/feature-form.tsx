import type { Field } from '@/api/types'
import { SelectField, TextField } from '@/components/fields'
import { number } from '@/lib/format'
import type { FormValues } from './form-values'

interface Props {
  fields: Field[]
  values: FormValues
  errors: Record<string, string | undefined>
  onChange: (name: string, value: string) => void
}

function hint(field: Field): string | undefined {
  if (field.minimum === null || field.maximum === null) return undefined
  return `learned from ${number(field.minimum)} to ${number(field.maximum)}`
}

/** One field a column, most important first, filled with values as they usually are. */
export function FeatureForm({ fields, values, errors, onChange }: Props) {
  return (
    <div className="feature-form">
      {fields.map((field) => {
        const value = values[field.name] ?? ''
        const shared = {
          label: <span className="mono">{field.name}</span>,
          error: errors[field.name],
        }
        if (field.input === 'select') {
          return (
            <SelectField
              key={field.name}
              {...shared}
              value={value}
              onChange={(event) => onChange(field.name, event.target.value)}
            >
              <option value="">missing</option>
              {field.allowed_values.map((allowed) => (
                <option key={allowed} value={allowed}>
                  {allowed}
                </option>
              ))}
            </SelectField>
          )
        }
        return (
          <TextField
            key={field.name}
            {...shared}
            hint={field.input === 'number' ? hint(field) : undefined}
            inputMode={field.input === 'number' ? 'decimal' : undefined}
            placeholder={field.input === 'date' ? '2026-01-31' : 'missing'}
            value={value}
            onChange={(event) => onChange(field.name, event.target.value)}
          />
        )
      })}
    </div>
  )
}
