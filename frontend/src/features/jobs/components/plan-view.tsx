import type { Plan, PlanNote } from '@/api/types'
import { Notice } from '@/components/notices'
import { Facts } from '@/components/page'
import {
  count,
  dollars,
  duration,
  familyTitle,
  metricTitle,
  plural,
  share,
  taskTitle,
} from '@/lib/format'

const SHOWN = 12

/** What a training will do, and why; nothing of it has happened yet. */
export function PlanView({ plan }: { plan: Plan }) {
  const { estimated_seconds: seconds, estimated_dollars: cost } = plan
  return (
    <div className="stack">
      {plan.blocking.map((note) => (
        <PlanNotice key={note.code + note.text} note={note} tone="bad" />
      ))}
      <Facts
        items={[
          ['Predicts', `${plan.target_column}: ${taskTitle(plan.task)}`],
          ['Because', plan.task_reason],
          ['Judged by', `${metricTitle(plan.metric)}. ${plan.metric_reason}`],
          [
            'Rows',
            `${count(plan.row_count)}${plan.rows_without_target ? `, ${count(plan.rows_without_target)} without a target are left out` : ''}`,
          ],
          ['Holdout', `${share(plan.split.test_size)}, ${plan.split.method}. ${plan.split.reason}`],
          ['Models', plan.families.map(familyTitle).join(', ')],
          ['Ready in', `${duration(seconds.low)} to ${duration(seconds.high)}`],
          [
            'Cost on AWS',
            `${dollars(cost.low)} to ${dollars(cost.high)}; nothing on this computer`,
          ],
        ]}
      />
      {plan.dropped.length > 0 && (
        <details>
          <summary>{plural(plan.dropped.length, 'column')} will not be read</summary>
          <ul className="stack-tight small" style={{ marginTop: 8 }}>
            {plan.dropped.slice(0, SHOWN).map((column) => (
              <li key={column.name}>
                <code>{column.name}</code> <span className="muted">{column.reason}</span>
              </li>
            ))}
            {plan.dropped.length > SHOWN && <li>and {plan.dropped.length - SHOWN} more</li>}
          </ul>
        </details>
      )}
      {plan.warnings.map((note) => (
        <PlanNotice key={note.code + note.text} note={note} tone="warn" />
      ))}
    </div>
  )
}

function PlanNotice({ note, tone }: { note: PlanNote; tone: 'warn' | 'bad' }) {
  return <Notice tone={tone}>{note.text}</Notice>
}
