import { scaleLinear } from 'd3-scale'
import { curveStepAfter, line } from 'd3-shape'
import type { Point } from '@/api/types'
import { number } from '@/lib/format'
import { Axes, Chart, HEIGHT, MARGIN, WIDTH } from './frame'

export interface Series {
  name: string
  points: Point[]
  colour?: string
  /** Drawn in thin dashes: something to compare with. */
  isReference?: boolean
}

interface Props {
  title: string
  description: string
  series: Series[]
  xLabel: string
  yLabel: string
  /** Ends of the axes; taken from the points when absent. */
  xDomain?: [number, number]
  yDomain?: [number, number]
  isStep?: boolean
  mark?: Point | null
  format?: (value: number) => string
}

const COLOURS = ['var(--data-1)', 'var(--data-2)', 'var(--data-3)']
const DASHES = ['', '6 3', '2 3']

function ends(values: number[]): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  if (low > high) return [0, 1]
  return low === high ? [low - 0.5, high + 0.5] : [low, high]
}

/** One or a few lines in one field; lines differ in dash as well as in colour. */
export function LineChart({
  title,
  description,
  series,
  xLabel,
  yLabel,
  xDomain,
  yDomain,
  isStep = false,
  mark,
  format = number,
}: Props) {
  const all = series.flatMap((one) => one.points)
  const x = scaleLinear()
    .domain(xDomain ?? ends(all.map((point) => point.x)))
    .range([MARGIN.left, WIDTH - MARGIN.right])
  const y = scaleLinear()
    .domain(yDomain ?? ends(all.map((point) => point.y)))
    .range([HEIGHT - MARGIN.bottom, MARGIN.top])
  if (!yDomain) y.nice(4)
  const path = line<Point>()
    .x((point) => x(point.x))
    .y((point) => y(point.y))
  if (isStep) path.curve(curveStepAfter)
  const shown = series.filter((one) => !one.isReference)
  return (
    <div>
      <Chart
        title={title}
        description={description}
        table={{
          heads: [...(shown.length > 1 ? ['Line'] : []), xLabel, yLabel],
          rows: shown.flatMap((one) =>
            one.points.map((point) => [
              ...(shown.length > 1 ? [one.name] : []),
              format(point.x),
              format(point.y),
            ]),
          ),
        }}
      >
        <Axes x={x} y={y} xLabel={xLabel} yLabel={yLabel} format={format} />
        {series.map((one) => {
          const at = shown.indexOf(one)
          return (
            <path
              key={one.name}
              d={path(one.points) ?? ''}
              fill="none"
              stroke={one.isReference ? 'var(--control)' : (one.colour ?? COLOURS[at % 3])}
              strokeWidth={one.isReference ? 1 : 2}
              strokeDasharray={one.isReference ? '3 4' : DASHES[at % 3]}
              strokeLinejoin="round"
            />
          )
        })}
        {mark && (
          <circle cx={x(mark.x)} cy={y(mark.y)} r={5} fill="var(--data-2)" stroke="var(--panel)" />
        )}
      </Chart>
      {shown.length > 1 && (
        <ul className="row small muted">
          {shown.map((one, at) => (
            <li key={one.name} className="row" style={{ gap: 6 }}>
              <svg width="22" height="6" aria-hidden="true">
                <line
                  x1="0"
                  x2="22"
                  y1="3"
                  y2="3"
                  stroke={one.colour ?? COLOURS[at % 3]}
                  strokeWidth="2"
                  strokeDasharray={DASHES[at % 3]}
                />
              </svg>
              {one.name}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

/** A mean line with the band in which most rows lie. */
export function BandChart({
  title,
  description,
  points,
  xLabel,
  yLabel,
}: {
  title: string
  description: string
  points: { x: number; label: string; mean: number; low: number; high: number }[]
  xLabel: string
  yLabel: string
}) {
  const x = scaleLinear()
    .domain(ends(points.map((point) => point.x)))
    .range([MARGIN.left, WIDTH - MARGIN.right])
  const y = scaleLinear()
    .domain(ends(points.flatMap((point) => [point.low, point.high])))
    .nice(4)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top])
  const upper = points.map((point) => `${x(point.x)},${y(point.high)}`)
  const lower = points.map((point) => `${x(point.x)},${y(point.low)}`).reverse()
  return (
    <Chart
      title={title}
      description={description}
      table={{
        heads: [xLabel, yLabel, 'from', 'to'],
        rows: points.map((point) => [
          point.label,
          number(point.mean),
          number(point.low),
          number(point.high),
        ]),
      }}
    >
      <Axes x={x} y={y} xLabel={xLabel} yLabel={yLabel} format={number} />
      <polygon points={[...upper, ...lower].join(' ')} fill="var(--data-soft)" opacity="0.7" />
      <polyline
        points={points.map((point) => `${x(point.x)},${y(point.mean)}`).join(' ')}
        fill="none"
        stroke="var(--data-1)"
        strokeWidth="2"
      />
    </Chart>
  )
}

/** Dots, and the line on which a perfect answer would lie. */
export function ScatterChart({
  title,
  description,
  points,
  xLabel,
  yLabel,
}: {
  title: string
  description: string
  points: Point[]
  xLabel: string
  yLabel: string
}) {
  const domain = ends(points.flatMap((point) => [point.x, point.y]))
  const x = scaleLinear()
    .domain(domain)
    .nice(4)
    .range([MARGIN.left, WIDTH - MARGIN.right])
  const y = scaleLinear()
    .domain(domain)
    .nice(4)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top])
  return (
    <Chart
      title={title}
      description={description}
      table={{
        heads: [xLabel, yLabel],
        rows: points.slice(0, 200).map((point) => [number(point.x), number(point.y)]),
      }}
    >
      <Axes x={x} y={y} xLabel={xLabel} yLabel={yLabel} format={number} />
      <line
        x1={x(domain[0])}
        y1={y(domain[0])}
        x2={x(domain[1])}
        y2={y(domain[1])}
        stroke="var(--control)"
        strokeDasharray="3 4"
      />
      {points.map((point, at) => (
        <circle
          // biome-ignore lint/suspicious/noArrayIndexKey: dots have no name and never move
          key={at}
          cx={x(point.x)}
          cy={y(point.y)}
          r={2.4}
          fill="var(--data-1)"
          opacity={0.55}
        />
      ))}
    </Chart>
  )
}
