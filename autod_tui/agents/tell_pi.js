
// "stop", "error", "aborted" ...: how the last answer of the model ended
function reason(event) {
  const answers = (event.messages ?? []).filter((message) => message.role === "assistant")
  return answers.at(-1)?.stopReason ?? ""
}

function told(event, ctx) {
  const last = (event.messages ?? []).at(-1)
  const session_id = ctx?.sessionManager?.getSessionId?.() ?? ""
  return { session_id, reason: reason(event), message: last?.errorMessage ?? "" }
}

export default function (pi) {
  for (const name of TOLD.events) pi.on(name, async (event, ctx) => tell(name, told(event, ctx)))
}
