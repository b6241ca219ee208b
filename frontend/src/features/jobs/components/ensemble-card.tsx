import type { Leaderboard } from '@/api/types'
import { BarList } from '@/components/charts/bars'
import { Card } from '@/components/page'
import { familyTitle, share } from '@/lib/format'

interface Member {
  family: string
  weight: number
  trial_id: string | number
}

interface Ensemble {
  considered: boolean
  chosen: boolean
  reason: string
  members: Member[]
}

/** Whether several models answer together, how much each counts, and why. */
export function EnsembleCard({ board }: { board: Leaderboard }) {
  const ensemble = board.ensemble as Ensemble | null | undefined
  if (!ensemble?.considered) return null
  return (
    <Card title={ensemble.chosen ? 'Several models answer together' : 'One model answers'}>
      <div className="stack">
        <p>{ensemble.reason}</p>
        {ensemble.members.length > 0 && (
          <BarList
            title="Weight of each member"
            valueLabel="Weight"
            format={share}
            bars={ensemble.members.map((member) => ({
              name: `${familyTitle(member.family)} (trial ${member.trial_id})`,
              value: member.weight,
            }))}
          />
        )}
      </div>
    </Card>
  )
}
