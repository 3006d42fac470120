
import { appendFileSync } from "node:fs"

// sessions of sub-agents come to an end while the one of the person goes on; what they ask is asked of the person
const children = new Set()
const OWN = ["session.status", "session.idle", "session.error"]

// a turn that failed or was interrupted also comes to rest, more than once, which says nothing new
const over = new Set()

// by session, sub-agents' too: the answer under way, and the model that is to find a title
const current = new Map()
const titling = new Map()

function repeats(event, session) {
  if (event.type === "session.status" && event.properties?.status?.type === "busy") over.delete(session)
  if (event.type === "session.error") over.add(session)
  return event.type === "session.idle" && over.has(session)
}

function heard(event) {
  const told = event.properties ?? {}
  if (told.info?.parentID && event.type.startsWith("session.")) children.add(told.info.id)
  if (event.type === "message.updated" && told.info?.role === "assistant") current.set(told.info.sessionID, told.info)
  if (OWN.includes(event.type) && children.has(told.sessionID)) return
  if (repeats(event, told.sessionID)) return
  const asked = told.permission ? { tool_name: told.permission, tool_input: told.metadata } : {}
  const message = told.error?.data?.message ?? told.status?.message ?? ""
  tell(event.type, { ...event, ...asked, session_id: told.sessionID ?? "", reason: told.error?.name ?? "", message })
}

// What an answer used opencode itself tells only after the tools that it calls, never of a turn that ends amid one, and
// never of a title. So the counts at the end of answers are read as they pass by: those alone, and nothing is changed.
function asked(input, init) {
  const headers = new Headers(init?.headers ?? input?.headers)
  const session = headers.get("x-session-affinity") ?? headers.get("x-opencode-session")
  if (init.body.includes('"tools"')) return current.get(session)
  return titling.has(session) ? title(session) : undefined
}

function title(session) {
  const now = Date.now()
  const info = { id: `title-${session}-${now}`, sessionID: session, modelID: titling.get(session), time: { created: now } }
  titling.delete(session)
  return info
}

const counts = quietly((line) => {
  if (!line.includes('"usage')) return {}
  const told = JSON.parse(line.replace(/^data:/, ""))
  return told.usage ?? told.usageMetadata ?? told.response?.usage ?? told.message?.usage ?? {}
})

function counter(info) {
  const usage = {}
  const decoder = new TextDecoder()
  let rest = ""
  const take = (chunk) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
    rest = lines.pop()
    for (const line of lines) Object.assign(usage, counts(line))
  }
  const end = () => {
    Object.assign(usage, counts(rest))
    if (Object.keys(usage).length === 0) return
    const told = { id: info.id, model: info.modelID, at: info.time.created, usage }
    appendFileSync(`${TOLD.answers}/${info.sessionID}.jsonl`, `${JSON.stringify(told)}\n`, { mode: 0o600 })
  }
  return { take: quietly(take), end: quietly(end) }
}

// what can't be counted is no reason to disturb the agent
function quietly(work) {
  return (...given) => {
    try {
      return work(...given)
    } catch {
      return undefined
    }
  }
}

// not `clone()`: Bun's loses what comes before opencode reads
function overheard(answer, info) {
  const { take, end } = counter(info)
  const reader = answer.body.getReader()
  const body = new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error) => {
        end()
        throw error
      })
      if (done) {
        end()
        controller.close()
      } else {
        take(value)
        controller.enqueue(value)
      }
    },
    cancel(reason) {
      end()
      return reader.cancel(reason)
    },
  })
  const { status, statusText, headers, url } = answer
  return Object.defineProperty(new Response(body, { status, statusText, headers }), "url", { value: url })
}

function listenToAnswers() {
  const send = globalThis.fetch
  const fetch = async (input, init) => {
    const answer = await send(input, init)
    const info = answer.ok && answer.body ? quietly(asked)(input, init) : undefined
    return info ? overheard(answer, info) : answer
  }
  globalThis.fetch = Object.assign(fetch, send)
}

// opencode begins a plugin anew for each directory
let listening = false

export const Autod = async () => {
  if (!listening) listenToAnswers()
  listening = true
  return {
    event: async ({ event }) => heard(event),
    "chat.params": async ({ sessionID, agent, model }) => {
      if ((agent?.name ?? agent) === "title") titling.set(sessionID, model?.id ?? "")
    },
  }
}
