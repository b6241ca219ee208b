import { type ReactNode, useId } from 'react'
import { ScrollFrame } from '../scroll-frame'

export interface TableTwin {
  heads: string[]
  rows: (string | number)[][]
}

interface Props {
  title: string
  /** What the picture shows, for those who do not see it. */
  description: string
  width?: number
  height?: number
  table?: TableTwin
  children: ReactNode
}

export const WIDTH = 520
export const HEIGHT = 250
export const MARGIN = { top: 10, right: 14, bottom: 34, left: 52 }

/** A drawing with its title, a description, and the same figures as a table. */
export function Chart({
  title,
  description,
  width = WIDTH,
  height = HEIGHT,
  table,
  children,
}: Props) {
  const id = useId()
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-labelledby={`${id}-title ${id}-desc`}
        preserveAspectRatio="xMidYMid meet"
      >
        <title id={`${id}-title`}>{title}</title>
        <desc id={`${id}-desc`}>{description}</desc>
        {children}
      </svg>
      {table && <ChartTable table={table} title={title} />}
    </figure>
  )
}

export function ChartTable({ table, title }: { table: TableTwin; title: string }) {
  return (
    <details>
      <summary>Show as a table</summary>
      <ScrollFrame label={`${title}, as a table`} maxHeight={260}>
        <table className="table">
          <thead>
            <tr>
              {table.heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name and never move
              <tr key={at}>
                {row.map((cell, column) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: as above
                  <td key={column}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollFrame>
    </details>
  )
}

interface Axis {
  (value: number): number
  ticks(count?: number): number[]
}

/** Lines and numbers at the left and at the bottom. */
export function Axes({
  x,
  y,
  xLabel,
  yLabel,
  width = WIDTH,
  height = HEIGHT,
  format,
  formatX = format,
}: {
  x: Axis
  y: Axis
  xLabel: string
  yLabel: string
  width?: number
  height?: number
  format: (value: number) => string
  formatX?: (value: number) => string
}) {
  const bottom = height - MARGIN.bottom
  return (
    <g>
      {y.ticks(4).map((tick) => (
        <g key={tick}>
          <line
            className="axis"
            x1={MARGIN.left}
            x2={width - MARGIN.right}
            y1={y(tick)}
            y2={y(tick)}
          />
          <text x={MARGIN.left - 7} y={y(tick) + 4} textAnchor="end">
            {format(tick)}
          </text>
        </g>
      ))}
      {x.ticks(5).map((tick) => (
        <text key={tick} x={x(tick)} y={bottom + 15} textAnchor="middle">
          {formatX(tick)}
        </text>
      ))}
      <text x={(MARGIN.left + width - MARGIN.right) / 2} y={height - 3} textAnchor="middle">
        {xLabel}
      </text>
      <text
        transform={`translate(11 ${(MARGIN.top + bottom) / 2}) rotate(-90)`}
        textAnchor="middle"
      >
        {yLabel}
      </text>
    </g>
  )
}
