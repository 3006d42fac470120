
// sessions of sub-agents come to an end while the one of the person goes on; what they ask is asked of the person
const children = new Set()
const OWN = ["session.status", "session.idle", "session.error"]

function heard(event) {
  const told = event.properties ?? {}
  if (told.info?.parentID) children.add(told.info.id)
  if (OWN.includes(event.type) && children.has(told.sessionID)) return
  const asked = told.permission ? { tool_name: told.permission, tool_input: told.metadata } : {}
  const message = told.error?.data?.message ?? told.status?.message ?? ""
  tell(event.type, { ...event, ...asked, session_id: told.sessionID ?? "", message })
}

export const Autod = async () => ({ event: async ({ event }) => heard(event) })
