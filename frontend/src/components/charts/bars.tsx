import { scaleLinear } from 'd3-scale'
import type { Histogram } from '@/api/types'
import { count, number } from '@/lib/format'
import { Axes, Chart, ChartTable, HEIGHT, MARGIN, WIDTH } from './frame'

export interface Bar {
  name: string
  value: number
  text?: string
  low?: number | null
  high?: number | null
}

/** Bars that lie, with their names; an interval is a thin line over the bar's end. */
export function BarList({
  title,
  bars,
  valueLabel,
  format = number,
}: {
  title: string
  bars: Bar[]
  valueLabel: string
  format?: (value: number) => string
}) {
  const largest = Math.max(...bars.map((bar) => Math.max(bar.value, bar.high ?? 0)), 1e-12)
  const part = (value: number) => Math.max(0, Math.min(100, (100 * value) / largest))
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <ul className="stack-tight">
        {bars.map((bar) => (
          <li key={bar.name} className="bar-line">
            <span className="bar-name mono" title={bar.name}>
              {bar.name}
            </span>
            <span className="bar-field">
              <span className="bar-track">
                <i style={{ width: `${part(bar.value)}%` }} />
              </span>
              {bar.low != null && bar.high != null && (
                <span
                  className="bar-whisker"
                  style={{
                    insetInlineStart: `${part(bar.low)}%`,
                    width: `${Math.max(0.5, part(bar.high) - part(bar.low))}%`,
                  }}
                />
              )}
            </span>
            <span className="small nowrap bar-value">{bar.text ?? format(bar.value)}</span>
          </li>
        ))}
      </ul>
      <ChartTable
        title={title}
        table={{
          heads: ['Name', valueLabel, 'from', 'to'],
          rows: bars.map((bar) => [
            bar.name,
            bar.text ?? format(bar.value),
            bar.low == null ? '' : format(bar.low),
            bar.high == null ? '' : format(bar.high),
          ]),
        }}
      />
    </figure>
  )
}

export function HistogramChart({
  title,
  description,
  edges,
  counts,
  xLabel,
}: {
  title: string
  description: string
  edges: number[]
  counts: number[]
  xLabel: string
}) {
  const x = scaleLinear()
    .domain([edges[0] ?? 0, edges.at(-1) ?? 1])
    .range([MARGIN.left, WIDTH - MARGIN.right])
  const y = scaleLinear()
    .domain([0, Math.max(...counts, 1)])
    .nice(4)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top])
  return (
    <Chart
      title={title}
      description={description}
      table={{
        heads: [`${xLabel} from`, 'to', 'Rows'],
        rows: counts.map((n, at) => [number(edges[at]), number(edges[at + 1]), count(n)]),
      }}
    >
      <Axes x={x} y={y} xLabel={xLabel} yLabel="rows" format={number} />
      {counts.map((n, at) => {
        const left = x(edges[at] ?? 0)
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is named by its place
            key={at}
            x={left + 0.5}
            width={Math.max(1, x(edges[at + 1] ?? 0) - left - 1)}
            y={y(n)}
            height={Math.max(0, y(0) - y(n))}
            fill="var(--data-1)"
          />
        )
      })}
    </Chart>
  )
}

/** A column's distribution as small as a word; its figures stand elsewhere. */
export function Spark({
  counts,
  width = 96,
  height = 22,
}: {
  counts: number[]
  width?: number
  height?: number
}) {
  const largest = Math.max(...counts, 1)
  const step = width / Math.max(counts.length, 1)
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {counts.map((n, at) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: a bar is named by its place
          key={at}
          x={at * step}
          width={Math.max(0.8, step - 0.8)}
          y={height - (n / largest) * height}
          height={(n / largest) * height}
          fill="var(--data-1)"
        />
      ))}
    </svg>
  )
}

/** Bars of a column's histogram, joined to at most so many. */
export function sparkCounts(histogram: Histogram | null | undefined, most = 24): number[] {
  const counts = histogram?.counts ?? []
  if (counts.length <= most) return counts
  const size = Math.ceil(counts.length / most)
  const joined: number[] = []
  for (let at = 0; at < counts.length; at += size) {
    joined.push(counts.slice(at, at + size).reduce((sum, n) => sum + n, 0))
  }
  return joined
}
