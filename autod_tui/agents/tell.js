// TOLD stands above: {spool, agent, events} and what the part below needs.
// Each event becomes one file of the spool, written whole and renamed.
import { renameSync, writeFileSync } from "node:fs"

let count = 0

function tell(name, payload) {
  if (!TOLD.events.includes(name)) return
  const at = Date.now()
  const file = `${at}${String(count++ % 1000000).padStart(6, "0")}-${process.pid}`
  const text = JSON.stringify({ event: name, agent: TOLD.agent, at: at / 1000, payload })
  try {
    writeFileSync(`${TOLD.spool}/.${file}`, text, { mode: 0o600 })
    renameSync(`${TOLD.spool}/.${file}`, `${TOLD.spool}/${file}.json`)
  } catch {
    // a spool that is gone is no reason to disturb the agent
  }
}
