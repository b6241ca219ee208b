import type { Prediction } from '@/api/types'
import { BarList } from '@/components/charts/bars'
import { Notice } from '@/components/notices'
import { Card } from '@/components/page'
import { number, share } from '@/lib/format'

interface Props {
  target: string
  prediction: Prediction
  /** An answer to compare with: what a change of the row has changed. */
  before: Prediction | null
}

function delta(now: number | null, then: number | null, format: (value: number) => string): string {
  if (now === null || then === null || now === then) return ''
  return `${now > then ? '+' : '−'}${format(Math.abs(now - then))} against the kept answer`
}

export function PredictionCard({ target, prediction, before }: Props) {
  const value = prediction.prediction
  const isNumber = prediction.task === 'regression'
  const classes = Object.entries(prediction.probabilities).sort((a, b) => b[1] - a[1])
  return (
    <Card title={target}>
      <div className="stack" aria-live="polite">
        <div className="figure-key">
          <b>{isNumber && typeof value === 'number' ? number(value) : String(value)}</b>
          {!isNumber && prediction.probability !== null && (
            <span>probability {share(prediction.probability)}</span>
          )}
          {prediction.lower !== null && prediction.upper !== null && (
            <span>
              very likely between {number(prediction.lower)} and {number(prediction.upper)}
            </span>
          )}
        </div>
        {before && (
          <p className="small">
            {isNumber
              ? delta(value as number, before.prediction as number, number)
              : String(before.prediction) === String(value)
                ? delta(
                    prediction.probabilities[String(value)] ?? null,
                    before.probabilities[String(value)] ?? null,
                    share,
                  )
                : `was ${String(before.prediction)}`}
          </p>
        )}
        {classes.length > 0 && (
          <BarList
            title="Probability of each class"
            valueLabel="Probability"
            format={share}
            bars={classes.slice(0, 12).map(([name, probability]) => ({ name, value: probability }))}
          />
        )}
        {prediction.notes.map((note) => (
          <Notice key={note.column + note.code} tone="warn">
            <code>{note.column}</code>: {note.message}
          </Notice>
        ))}
        <p className="small muted">Answered in {number(prediction.inference_time_ms)} ms.</p>
      </div>
    </Card>
  )
}
