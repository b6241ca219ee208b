/** Numbers, sizes and times as the reader's own language writes them. */

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 })
const tiny = new Intl.NumberFormat(undefined, { notation: 'scientific', maximumFractionDigits: 2 })
const percents = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })
const money = new Intl.NumberFormat(undefined, {
  style: 'currency',
  currency: 'USD',
  minimumFractionDigits: 2,
  maximumFractionDigits: 4,
})
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

export const MISSING = '–'

export function count(value: number | null | undefined): string {
  return value == null ? MISSING : whole.format(value)
}

/** A measure with four significant digits; whole numbers keep all of theirs. */
export function number(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return MISSING
  if (Number.isInteger(value))
    return Math.abs(value) < 1e15 ? whole.format(value) : tiny.format(value)
  const size = Math.abs(value)
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? tiny.format(value) : short.format(value)
}

/** A share of a whole; what is there but rounds to nothing is told as less than the least. */
export function share(value: number | null | undefined): string {
  if (value == null) return MISSING
  return value > 0 && value < 0.0005 ? `< ${percents.format(0.001)}` : percents.format(value)
}

export function dollars(value: number): string {
  return money.format(value)
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

export function bytes(value: number | null | undefined): string {
  if (value == null) return MISSING
  let size = value
  let unit = 0
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000
    unit += 1
  }
  return `${unit === 0 ? whole.format(size) : short.format(Number(size.toPrecision(3)))} ${UNITS[unit]}`
}

/** Seconds in words that a person plans with: `45 s`, `3 min 20 s`, `1 h 5 min`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return MISSING
  const total = Math.max(0, Math.round(seconds))
  if (total < 60) return `${total} s`
  const minutes = Math.floor(total / 60)
  if (minutes < 60) return total % 60 ? `${minutes} min ${total % 60} s` : `${minutes} min`
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`
}

export function moment(iso: string | null | undefined): string {
  return iso ? dateTime.format(new Date(iso)) : MISSING
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** How long ago something was, to the largest fitting unit. */
export function ago(iso: string | null | undefined, now: number = Date.now()): string {
  if (!iso) return MISSING
  const seconds = (new Date(iso).getTime() - now) / 1000
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit)
  }
  return 'just now'
}

const METRICS: Record<string, string> = {
  roc_auc: 'ROC AUC',
  log_loss: 'log loss',
  average_precision: 'average precision',
  f1: 'F1',
  macro_f1: 'macro F1',
  balanced_accuracy: 'balanced accuracy',
  accuracy: 'accuracy',
  rmse: 'RMSE',
  mae: 'MAE',
  r2: 'R²',
}

export function metricTitle(metric: string | null | undefined): string {
  return metric ? (METRICS[metric] ?? metric.replaceAll('_', ' ')) : MISSING
}

const LOWER_IS_BETTER = new Set(['log_loss', 'rmse', 'mae', 'brier'])

export function isHigherBetter(metric: string): boolean {
  return !LOWER_IS_BETTER.has(metric)
}

const FAMILIES: Record<string, string> = {
  lightgbm: 'LightGBM',
  xgboost: 'XGBoost',
  random_forest: 'Random forest',
  extra_trees: 'Extra trees',
  hist_gradient_boosting: 'Histogram boosting',
  linear: 'Linear model',
  ensemble: 'Ensemble',
}

export function familyTitle(family: string | null | undefined): string {
  return family ? (FAMILIES[family] ?? family) : MISSING
}

/** `binary` and its like, in words. */
export function taskTitle(task: string | null | undefined): string {
  if (task === 'binary') return 'two classes'
  if (task === 'multiclass') return 'several classes'
  return task === 'regression' ? 'a number' : MISSING
}
