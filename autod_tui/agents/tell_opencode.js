
// sessions of sub-agents come to an end while the one of the person goes on; what they ask is asked of the person
const children = new Set()
const OWN = ["session.status", "session.idle", "session.error"]

// a turn that failed or was interrupted also comes to rest, more than once, which says nothing new
const over = new Set()

function repeats(event, session) {
  if (event.type === "session.status" && event.properties?.status?.type === "busy") over.delete(session)
  if (event.type === "session.error") over.add(session)
  return event.type === "session.idle" && over.has(session)
}

function heard(event) {
  const told = event.properties ?? {}
  if (told.info?.parentID) children.add(told.info.id)
  if (OWN.includes(event.type) && children.has(told.sessionID)) return
  if (repeats(event, told.sessionID)) return
  const asked = told.permission ? { tool_name: told.permission, tool_input: told.metadata } : {}
  const message = told.error?.data?.message ?? told.status?.message ?? ""
  tell(event.type, { ...event, ...asked, session_id: told.sessionID ?? "", reason: told.error?.name ?? "", message })
}

export const Autod = async () => ({ event: async ({ event }) => heard(event) })
