import type { components } from './schema'

type Schemas = components['schemas']

export type DatasetSummary = Schemas['DatasetSummary']
export type Dataset = Schemas['DatasetView']
export type Column = Schemas['ColumnView']
export type Preview = Schemas['PreviewView']
export type TargetCheck = Schemas['TargetCheckView']
export type Plan = Schemas['Plan']
export type PlanNote = Schemas['PlanNote']
export type TrainConfig = Schemas['TrainConfig-Input']
export type Job = Schemas['JobView']
export type JobStatus = Schemas['JobStatusView']
export type Leaderboard = Schemas['LeaderboardView']
export type Trial = Schemas['TrialView']
export type Artifact = Schemas['ArtifactView']
export type LogLine = Schemas['LogLine']
export type TimelineEntry = Schemas['TimelineEntry']
export type ModelInfo = Schemas['ModelInfoView']
export type Field = Schemas['FieldView']
export type Prediction = Schemas['PredictionView']
export type Model = Schemas['ModelView']
export type Comparison = Schemas['ComparisonView']
export type Upload = Schemas['UploadView']
export type Task = 'binary' | 'multiclass' | 'regression'
export type Cell = boolean | number | string | null

/** `profile.json`: what the page reads of it. */
export interface Profile {
  schema_version: number
  rows: { read: number; kept: number; set_aside: number; padded: number }
  columns: ProfileColumn[]
  findings: Finding[]
  duplicates?: { rows?: number } | null
  target?: Record<string, unknown> | null
}

export interface ProfileColumn {
  position: number
  name: string
  original_name: string
  kind: string
  kind_reason?: string
  storage: string
  missing: { rows: number; share: number }
  distinct: { value: number; exact: boolean }
  stats?: Record<string, number | string | null> | null
  histogram?: Histogram | null
  top?: { value: string; rows: number }[]
  examples?: string[]
  flags?: string[]
}

export type Histogram =
  | { kind: 'values'; values: number[]; counts: number[] }
  | {
      kind: 'bars'
      edges: number[]
      counts: number[]
      n_below: number
      n_above: number
      unit: string
    }

export interface Finding {
  code: string
  severity: 'high' | 'medium' | 'low' | 'info'
  columns: string[]
  sentence: string
  action: string
}

export interface Point {
  x: number
  y: number
}

export interface Residuals {
  mean: number
  median_absolute: number
  histogram: { edges: number[]; counts: number[] }
  points: Point[]
  points_are_sampled: boolean
}

/** One score of `metrics.json`; null where it is not defined, with a reason. */
export interface Score {
  value: number | null
  low?: number | null
  high?: number | null
  reason?: string
}

/** `metrics.json`: what the page reads of it; parts that a job of an earlier version lacks are absent. */
export interface Metrics {
  task: Task
  metric: string
  n_rows: number
  scores: Record<string, Score>
  interval_method?: string
  baseline: { name: string; scores: Record<string, number | null> }
  improvement?: Score
  is_better_than_baseline: boolean
  is_worth_deploying?: boolean
  verdict: string
  classes: Cell[]
  confusion: { labels: Cell[]; matrix: number[][] | null; reason?: string } | null
  per_class: {
    label: Cell
    n_rows: number
    n_predicted: number
    precision: number | null
    recall: number | null
    f1: number | null
  }[]
  roc: Point[]
  pr: Point[]
  calibration: (Point & { n_rows: number })[]
  calibration_error?: number | null
  thresholds?: {
    table: Record<string, number>[]
    best: Record<string, number>
  } | null
  residuals?: Residuals | null
  interval?: {
    coverage: number
    half_width: number | null
    measured?: Score & { coverage?: number }
  } | null
  label_set?: { coverage: number; threshold: number; measured?: Record<string, number> } | null
  segments?: { column: string; segment: string; n_rows: number; score: number; overall: number }[]
  leak_check?: {
    suspicious: boolean
    column: string | null
    share: number | null
    reason: string
  } | null
}

export interface Explanations {
  method: string
  metric: string
  n_rows: number
  features: { name: string; importance: number; std?: number; low?: number; high?: number }[]
  partial_dependence?: {
    name: string
    kind: string
    class: Cell
    points: { value: Cell; label: string; mean: number; low: number; high: number }[]
  }[]
  shapley?: { scale: string; features: { name: string; mean_abs: number }[] } | null
}
