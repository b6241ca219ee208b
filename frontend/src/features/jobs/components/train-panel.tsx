import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Dataset, Metrics, TargetCheck, Task, TrainConfig } from '@/api/types'
import { Button } from '@/components/button'
import { BarList } from '@/components/charts/bars'
import { Dialog } from '@/components/dialog'
import { CheckField, SelectField, TextField } from '@/components/fields'
import { Notice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card } from '@/components/page'
import { paths } from '@/config/paths'
import { targetQuery } from '@/features/datasets/api/queries'
import { count, duration, metricTitle, taskTitle } from '@/lib/format'
import { planTraining, startTraining } from '../api/queries'
import { PlanView } from './plan-view'

const BUDGETS = [60, 120, 300, 600, 1200, 3600]
const METRICS: Record<Task, Metrics['metric'][]> = {
  binary: ['roc_auc', 'log_loss', 'average_precision', 'f1', 'balanced_accuracy', 'accuracy'],
  multiclass: ['log_loss', 'macro_f1', 'balanced_accuracy', 'accuracy'],
  regression: ['rmse', 'mae', 'r2'],
}

interface Props {
  dataset: Dataset
  target: string | undefined
  onTarget: (name: string | undefined) => void
}

/** Choose the column to predict; everything else has an answer already, and can be changed. */
export function TrainPanel({ dataset, target, onTarget }: Props) {
  const navigate = useNavigate()
  const [config, setConfig] = useState<Partial<TrainConfig>>({})
  const [isPlanOpen, setPlanOpen] = useState(false)
  const check = useQuery({
    ...targetQuery(dataset.dataset_id, target ?? ''),
    enabled: target !== undefined,
  })
  const training = { dataset_id: dataset.dataset_id, target_column: target ?? '', config }
  const plan = useMutation({ mutationFn: () => planTraining(training) })
  const start = useMutation({
    mutationFn: () => startTraining(training),
    onSuccess: ({ job_id }) => {
      if (job_id) void navigate({ to: paths.job, params: { jobId: job_id } })
    },
  })
  const change = (part: Partial<TrainConfig>) => setConfig((present) => ({ ...present, ...part }))
  const task = config.task_type && config.task_type !== 'auto' ? config.task_type : check.data?.task

  return (
    <Card title="Train a model">
      <div className="stack">
        <SelectField
          label="Column to predict"
          value={target ?? ''}
          onChange={(event) => {
            setConfig({})
            onTarget(event.target.value || undefined)
          }}
        >
          <option value="">Choose a column…</option>
          {dataset.columns.map((column) => (
            <option key={column.name} value={column.name}>
              {column.name}
            </option>
          ))}
        </SelectField>
        {target === undefined && (
          <p className="muted small">
            The column whose value you do not know for new rows. The others are what the model may
            look at.
          </p>
        )}
        {target !== undefined && check.isPending && <Skeleton rows={3} />}
        {check.isError && <ProblemNotice error={check.error} onRetry={check.refetch} />}
        {check.isSuccess && <TargetFacts check={check.data} />}
        {check.isSuccess && (
          <>
            <SelectField
              label="Time for the search"
              value={config.time_budget ?? ''}
              onChange={(event) =>
                change({ time_budget: event.target.value ? Number(event.target.value) : null })
              }
            >
              <option value="">By the number of rows</option>
              {BUDGETS.map((seconds) => (
                <option key={seconds} value={seconds}>
                  {duration(seconds)}
                </option>
              ))}
            </SelectField>
            <Options
              dataset={dataset}
              config={config}
              onChange={change}
              task={task}
              target={target}
            />
            <div className="row">
              <Button
                look="primary"
                disabled={plan.isPending}
                onClick={() => {
                  setPlanOpen(true)
                  plan.mutate()
                }}
              >
                See the plan
              </Button>
              <span className="small muted">Nothing starts yet.</span>
            </div>
          </>
        )}
      </div>
      <Dialog title="What will be done" isOpen={isPlanOpen} onClose={() => setPlanOpen(false)}>
        {plan.isPending && <Skeleton rows={6} />}
        {plan.isError && <ProblemNotice error={plan.error} onRetry={() => plan.mutate()} />}
        {plan.isSuccess && (
          <>
            <PlanView plan={plan.data.plan} />
            {start.isError && <ProblemNotice error={start.error} />}
            <div className="row">
              <Button
                look="primary"
                disabled={start.isPending || plan.data.plan.blocking.length > 0}
                onClick={() => start.mutate()}
              >
                Start training
              </Button>
              <Button onClick={() => setPlanOpen(false)}>Change something</Button>
            </div>
          </>
        )}
      </Dialog>
    </Card>
  )
}

function TargetFacts({ check }: { check: TargetCheck }) {
  return (
    <div className="stack">
      <Notice tone={check.is_usable ? 'good' : 'bad'} title={`Predicts ${taskTitle(check.task)}`}>
        {check.reason}
      </Notice>
      {check.blocking.map((note) => (
        <Notice tone="bad" key={note.code + note.text}>
          {note.text}
        </Notice>
      ))}
      {check.classes.length > 0 && (
        <BarList
          title="Rows of each class"
          valueLabel="Rows"
          bars={check.classes
            .slice(0, 8)
            .map((entry) => ({ name: entry.label, value: entry.rows, text: count(entry.rows) }))}
        />
      )}
      {check.warnings.map((note) => (
        <Notice tone="warn" key={note.code + note.text}>
          {note.text}
        </Notice>
      ))}
    </div>
  )
}

interface OptionsProps {
  dataset: Dataset
  config: Partial<TrainConfig>
  onChange: (part: Partial<TrainConfig>) => void
  task: Task | undefined
  target: string | undefined
}

function Options({ dataset, config, onChange, task, target }: OptionsProps) {
  const others = dataset.columns.filter((column) => column.name !== target)
  const excluded = config.exclude_columns ?? []
  return (
    <details>
      <summary>More options</summary>
      <div className="stack" style={{ marginTop: 12 }}>
        <SelectField
          label="What is predicted"
          value={config.task_type ?? 'auto'}
          onChange={(event) =>
            onChange({ task_type: event.target.value as Task | 'auto', metric: 'auto' })
          }
        >
          <option value="auto">As detected</option>
          <option value="binary">Two classes</option>
          <option value="multiclass">Several classes</option>
          <option value="regression">A number</option>
        </SelectField>
        <SelectField
          label="Judged by"
          value={config.metric ?? 'auto'}
          onChange={(event) => onChange({ metric: event.target.value as TrainConfig['metric'] })}
        >
          <option value="auto">What suits the target</option>
          {(task ? METRICS[task] : []).map((metric) => (
            <option key={metric} value={metric}>
              {metricTitle(metric)}
            </option>
          ))}
        </SelectField>
        <ColumnSelect
          label="Time column"
          hint="Train on the past, check on the latest rows."
          columns={others}
          value={config.time_column}
          onChange={(time_column) => onChange({ time_column })}
        />
        <ColumnSelect
          label="Group column"
          hint="Rows of one group stay on one side of the split."
          columns={others}
          value={config.group_column}
          onChange={(group_column) => onChange({ group_column })}
        />
        <ColumnSelect
          label="Weight column"
          columns={others}
          value={config.weight_column}
          onChange={(weight_column) => onChange({ weight_column })}
        />
        <TextField
          label="Columns to leave out"
          hint="Names, parted by commas."
          defaultValue={excluded.join(', ')}
          onBlur={(event) =>
            onChange({
              exclude_columns: event.target.value
                .split(',')
                .map((name) => name.trim())
                .filter(Boolean),
            })
          }
        />
        <TextField
          label="Seed"
          type="number"
          min={0}
          value={config.seed ?? 0}
          onChange={(event) => onChange({ seed: Number(event.target.value) })}
        />
        <CheckField
          label="Blend several models"
          hint="Only where that is better by more than noise."
          checked={(config.ensemble ?? 'auto') === 'auto'}
          onChange={(event) => onChange({ ensemble: event.target.checked ? 'auto' : 'off' })}
        />
        <CheckField
          label="Repeatable"
          hint="A fixed number of trials instead of seconds."
          checked={config.reproducible ?? false}
          onChange={(event) => onChange({ reproducible: event.target.checked })}
        />
        <CheckField
          label="Stop at the plan and ask me"
          checked={config.auto_confirm === false}
          onChange={(event) => onChange({ auto_confirm: !event.target.checked })}
        />
      </div>
    </details>
  )
}

function ColumnSelect({
  label,
  hint,
  columns,
  value,
  onChange,
}: {
  label: string
  hint?: string
  columns: Dataset['columns']
  value: string | null | undefined
  onChange: (name: string | null) => void
}) {
  return (
    <SelectField
      label={label}
      hint={hint}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || null)}
    >
      <option value="">None</option>
      {columns.map((column) => (
        <option key={column.name} value={column.name}>
          {column.name}
        </option>
      ))}
    </SelectField>
  )
}
