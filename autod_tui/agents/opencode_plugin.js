// TOLD stands above: {spool, agent, events}. Each event becomes one file of the spool, written whole and renamed.
import { renameSync, writeFileSync } from "node:fs"

let count = 0

function tell(event) {
  const at = Date.now()
  const name = `${at}${String(count++ % 1000000).padStart(6, "0")}-${process.pid}`
  const text = JSON.stringify({ event: event.type, agent: TOLD.agent, at: at / 1000, payload: event })
  try {
    writeFileSync(`${TOLD.spool}/.${name}`, text, { mode: 0o600 })
    renameSync(`${TOLD.spool}/.${name}`, `${TOLD.spool}/${name}.json`)
  } catch {
    // a spool that is gone is no reason to disturb the agent
  }
}

export const Autod = async () => ({
  event: async ({ event }) => {
    if (TOLD.events.includes(event.type)) tell(event)
  },
})
