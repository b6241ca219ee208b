import { useMemo, useState } from 'react'
import type { Metrics } from '@/api/types'
import { HistogramChart } from '@/components/charts/bars'
import { ConfusionMatrix } from '@/components/charts/confusion'
import { LineChart, ScatterChart } from '@/components/charts/lines'
import { TextField } from '@/components/fields'
import { Card, KeyFigure } from '@/components/page'
import { ScrollFrame } from '@/components/scroll-frame'
import { count, metricTitle, number, share } from '@/lib/format'
import { cheapest, costOf, measuresOf, nearest, type Row } from '@/lib/threshold'

const DIAGONAL = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
]
const UNIT: [number, number] = [0, 1]

export function ScoreTable({ metrics }: { metrics: Metrics }) {
  return (
    <ScrollFrame label="Scores">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Measure</th>
            <th scope="col" className="number">
              This model
            </th>
            <th scope="col" className="number">
              95 % interval
            </th>
            <th scope="col" className="number">
              Guessing
            </th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(metrics.scores).map(([name, score]) => (
            <tr key={name}>
              <th scope="row">
                {metricTitle(name)}
                {name === metrics.metric && <span className="chip chip-good">decides</span>}
              </th>
              <td className="number">{number(score.value)}</td>
              <td className="number">
                {score.low == null || score.high == null
                  ? (score.reason ?? '')
                  : `${number(score.low)} to ${number(score.high)}`}
              </td>
              <td className="number">{number(metrics.baseline.scores[name])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollFrame>
  )
}

export function Performance({ metrics }: { metrics: Metrics }) {
  const positive = String(metrics.classes[1] ?? '')
  return (
    <div className="stack" style={{ gap: 20 }}>
      <Card title="Scores" aside={`on ${count(metrics.n_rows)} rows that the model never saw`}>
        <ScoreTable metrics={metrics} />
        <p className="muted small" style={{ marginTop: 10 }}>
          Guessing means: {metrics.baseline.name}.
        </p>
      </Card>
      {metrics.thresholds && metrics.thresholds.table.length > 0 && (
        <ThresholdCard
          table={metrics.thresholds.table as unknown as Row[]}
          best={metrics.thresholds.best}
          positive={positive}
          negative={String(metrics.classes[0] ?? '')}
        />
      )}
      {metrics.confusion?.matrix && (
        <Card title="What it confuses">
          <ConfusionMatrix labels={metrics.confusion.labels} matrix={metrics.confusion.matrix} />
        </Card>
      )}
      {metrics.confusion && !metrics.confusion.matrix && (
        <Card title="What it confuses">
          <p className="muted">{metrics.confusion.reason}</p>
        </Card>
      )}
      <div className="columns columns-two">
        {metrics.roc.length > 0 && (
          <Card>
            <LineChart
              title={`ROC curve for ${positive}`}
              description="Share of right alarms against share of false alarms, for every threshold. The dashed line is guessing."
              series={[
                { name: 'this model', points: metrics.roc },
                { name: 'guessing', points: DIAGONAL, isReference: true },
              ]}
              xLabel="false alarms (share of negatives)"
              yLabel="found (share of positives)"
              xDomain={UNIT}
              yDomain={UNIT}
            />
          </Card>
        )}
        {metrics.pr.length > 0 && (
          <Card>
            <LineChart
              title={`Precision and recall for ${positive}`}
              description="How many alarms are right against how many positives are found, for every threshold."
              series={[{ name: 'this model', points: metrics.pr }]}
              xLabel="recall"
              yLabel="precision"
              xDomain={UNIT}
              yDomain={UNIT}
            />
          </Card>
        )}
        {metrics.calibration.length > 0 && (
          <Card>
            <LineChart
              title="Are its probabilities true?"
              description="Predicted probability against observed share, in bins of equally many rows. On the dashed line they agree."
              series={[
                { name: 'this model', points: metrics.calibration },
                { name: 'perfect', points: DIAGONAL, isReference: true },
              ]}
              xLabel="predicted probability"
              yLabel="observed share"
              xDomain={UNIT}
              yDomain={UNIT}
            />
          </Card>
        )}
        {metrics.residuals && (
          <>
            <Card>
              <ScatterChart
                title="Predicted against actual"
                description="One dot a row; on the dashed line the prediction is exact."
                points={metrics.residuals.points}
                xLabel="actual"
                yLabel="predicted"
              />
            </Card>
            <Card>
              <HistogramChart
                title="Errors (actual minus predicted)"
                description={`Half of all errors are smaller than ${number(metrics.residuals.median_absolute)}.`}
                edges={metrics.residuals.histogram.edges}
                counts={metrics.residuals.histogram.counts}
                xLabel="error"
              />
            </Card>
          </>
        )}
      </div>
      {metrics.per_class.length > 0 && (
        <Card title="Class by class">
          <ScrollFrame label="Class by class">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Class</th>
                  <th scope="col" className="number">
                    Rows
                  </th>
                  <th scope="col" className="number">
                    Answered
                  </th>
                  <th scope="col" className="number">
                    Precision
                  </th>
                  <th scope="col" className="number">
                    Recall
                  </th>
                  <th scope="col" className="number">
                    F1
                  </th>
                </tr>
              </thead>
              <tbody>
                {metrics.per_class.map((entry) => (
                  <tr key={String(entry.label)}>
                    <th scope="row">{String(entry.label)}</th>
                    <td className="number">{count(entry.n_rows)}</td>
                    <td className="number">{count(entry.n_predicted)}</td>
                    <td className="number">{number(entry.precision)}</td>
                    <td className="number">{number(entry.recall)}</td>
                    <td className="number">{number(entry.f1)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollFrame>
        </Card>
      )}
      {metrics.segments && metrics.segments.length > 0 && (
        <Card title="Where it is better or worse than on the whole">
          <ScrollFrame label="Segments">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Column</th>
                  <th scope="col">Rows with</th>
                  <th scope="col" className="number">
                    Rows
                  </th>
                  <th scope="col" className="number">
                    There
                  </th>
                  <th scope="col" className="number">
                    On the whole
                  </th>
                </tr>
              </thead>
              <tbody>
                {metrics.segments.map((entry) => (
                  <tr key={entry.column + entry.segment}>
                    <th scope="row" className="mono">
                      {entry.column}
                    </th>
                    <td>{entry.segment}</td>
                    <td className="number">{count(entry.n_rows)}</td>
                    <td className="number">{number(entry.score)}</td>
                    <td className="number">{number(entry.overall)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollFrame>
        </Card>
      )}
    </div>
  )
}

function ThresholdCard({
  table,
  best,
  positive,
  negative,
}: {
  table: Row[]
  best: Record<string, number>
  positive: string
  negative: string
}) {
  const [threshold, setThreshold] = useState(0.5)
  const [falseAlarm, setFalseAlarm] = useState(1)
  const [miss, setMiss] = useState(1)
  const row = nearest(table, threshold)
  const lowest = useMemo(() => cheapest(table, { falseAlarm, miss }), [table, falseAlarm, miss])
  if (!row) return null
  const measures = measuresOf(row)
  return (
    <Card title={`When to say “${positive}”`} aside="counted on the holdout">
      <div className="stack">
        <div className="field">
          <label htmlFor="threshold">
            From a probability of <b>{number(row.threshold)}</b>
          </label>
          <input
            id="threshold"
            type="range"
            min={0}
            max={1}
            step={0.01}
            value={threshold}
            aria-valuetext={`${number(row.threshold)}: precision ${share(measures.precision)}, recall ${share(measures.recall)}`}
            onChange={(event) => setThreshold(Number(event.target.value))}
          />
        </div>
        <div className="figures" aria-live="polite">
          <KeyFigure value={share(measures.precision)} name="of the alarms are right (precision)" />
          <KeyFigure
            value={share(measures.recall)}
            name={`of all “${positive}” are found (recall)`}
          />
          <KeyFigure value={number(measures.f1)} name="F1" />
          <KeyFigure value={count(row.fp)} name="false alarms" />
          <KeyFigure value={count(row.fn)} name="missed" />
        </div>
        <div className="row">
          {Object.entries(best).map(([name, value]) => (
            <button key={name} type="button" className="chip" onClick={() => setThreshold(value)}>
              best {metricTitle(name)}: {number(value)}
            </button>
          ))}
        </div>
        <div className="columns columns-three" style={{ gap: 12, alignItems: 'end' }}>
          <TextField
            label={`A false “${positive}” costs`}
            type="number"
            min={0}
            step="any"
            value={falseAlarm}
            onChange={(event) => setFalseAlarm(Number(event.target.value))}
          />
          <TextField
            label={`A missed one (said “${negative}”) costs`}
            type="number"
            min={0}
            step="any"
            value={miss}
            onChange={(event) => setMiss(Number(event.target.value))}
          />
          <p className="small">
            Here: <b>{number(costOf(row, { falseAlarm, miss }))}</b>.
            {lowest && (
              <>
                {' '}
                Cheapest at{' '}
                <button
                  type="button"
                  className="chip"
                  onClick={() => setThreshold(lowest.threshold)}
                >
                  {number(lowest.threshold)}
                </button>{' '}
                with {number(costOf(lowest, { falseAlarm, miss }))}.
              </>
            )}
          </p>
        </div>
      </div>
    </Card>
  )
}
