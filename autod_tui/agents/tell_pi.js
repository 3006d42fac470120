
// Extensions are told of ends, but not whether pi is about to try again by itself: only listeners of its session are.
// They are told right after the end, which is therefore kept for a moment.
const PACKAGES = ["@mariozechner/pi-coding-agent", "@earendil-works/pi-coding-agent"]
const SOON = 60 // milliseconds
const ears = (globalThis[Symbol.for("autod.ears")] ??= { sessions: new WeakSet() }) // outlives a reload of extensions

let session_id = ""
let kept

// "stop", "error", "aborted" ...: how the last answer of the model ended; one that was called off may also be an error
function reason(event, ctx) {
  if (ctx?.signal?.aborted) return "aborted"
  const answers = (event.messages ?? []).filter((message) => message.role === "assistant")
  return answers.at(-1)?.stopReason ?? ""
}

function told(event, ctx) {
  const last = (event.messages ?? []).at(-1)
  session_id = ctx?.sessionManager?.getSessionId?.() ?? ""
  return { session_id, reason: reason(event, ctx), message: last?.errorMessage ?? "" }
}

function drop() {
  const payload = kept?.payload
  clearTimeout(kept?.timer)
  kept = undefined
  return payload
}

function let_go() {
  const payload = drop()
  if (payload) tell("agent_end", payload)
  return payload !== undefined
}

function occurs(name, payload) {
  if (name !== "agent_end" || payload.reason !== "error" || !ears.open) return drop(), tell(name, payload)
  kept = { payload, timer: setTimeout(let_go, SOON) }
}

ears.hear = (event) => {
  ears.open = true
  if (event.type === "auto_retry_start") {
    drop()
    const next = Date.now() + event.delayMs
    tell(event.type, { session_id, message: event.errorMessage ?? "", recoverable: true, next })
  }
  if (event.type === "auto_retry_end" && !event.success && !let_go()) tell("agent_end", { session_id, reason: "aborted" })
}

function listen(AgentSession) {
  const { subscribe } = AgentSession.prototype
  AgentSession.prototype.subscribe = function (listener) {
    if (!ears.sessions.has(this)) {
      ears.sessions.add(this)
      subscribe.call(this, (event) => ears.hear(event))
    }
    return subscribe.call(this, listener)
  }
  ears.fitted = true
}

export default async function (pi) {
  for (const name of TOLD.events) pi.on(name, async (event, ctx) => occurs(name, told(event, ctx)))
  pi.on("session_shutdown", async () => let_go())
  for (const name of ears.fitted ? [] : PACKAGES) {
    try {
      if (!ears.fitted) listen((await import(name)).AgentSession)
    } catch {
      // a version that has none: its ends are told as they come
    }
  }
}
