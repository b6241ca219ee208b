import type { Explanations } from '@/api/types'
import { BarList } from '@/components/charts/bars'
import { BandChart } from '@/components/charts/lines'
import { EmptyNotice } from '@/components/notices'
import { Card } from '@/components/page'
import { count, metricTitle, number, plural } from '@/lib/format'

const MOST = 20

export function Explain({ explanations }: { explanations: Explanations }) {
  const features = explanations.features.slice(0, MOST)
  if (features.length === 0) return <EmptyNotice title="This model reads no column." />
  return (
    <div className="stack" style={{ gap: 20 }}>
      <Card
        title="What the model relies on"
        aside={`${plural(explanations.n_rows, 'row')} of the holdout`}
      >
        <BarList
          title={`Loss of ${metricTitle(explanations.metric)} when a column is shuffled`}
          valueLabel="Loss"
          bars={features.map((feature) => ({
            name: feature.name,
            value: feature.importance,
            low: feature.low ?? (feature.std == null ? null : feature.importance - feature.std),
            high: feature.high ?? (feature.std == null ? null : feature.importance + feature.std),
          }))}
        />
        {explanations.features.length > MOST && (
          <p className="muted small">
            The first {MOST} of {count(explanations.features.length)} columns.
          </p>
        )}
      </Card>
      {explanations.shapley && (
        <Card title="How far columns move an answer" aside={explanations.shapley.scale}>
          <BarList
            title="Mean size of a column's contribution"
            valueLabel="Mean size"
            bars={explanations.shapley.features
              .slice(0, MOST)
              .map((feature) => ({ name: feature.name, value: feature.mean_abs }))}
          />
        </Card>
      )}
      <div className="columns columns-two">
        {explanations.partial_dependence?.map((part) => (
          <Card key={part.name + String(part.class)}>
            {part.kind === 'numeric' || part.kind === 'datetime' ? (
              <BandChart
                title={`${part.name}${part.class == null ? '' : ` → ${String(part.class)}`}`}
                description={`Mean answer when ${part.name} is set to a value in all rows; the band holds most rows.`}
                points={part.points.map((point, at) => ({
                  ...point,
                  x: typeof point.value === 'number' ? point.value : at,
                }))}
                xLabel={part.name}
                yLabel="answer"
              />
            ) : (
              <BarList
                title={`${part.name}${part.class == null ? '' : ` → ${String(part.class)}`}`}
                valueLabel="Mean answer"
                bars={part.points.map((point) => ({
                  name: point.label,
                  value: point.mean,
                  low: point.low,
                  high: point.high,
                  text: number(point.mean),
                }))}
              />
            )}
          </Card>
        ))}
      </div>
    </div>
  )
}
