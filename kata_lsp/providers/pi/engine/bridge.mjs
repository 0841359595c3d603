// Owns what the pi engine cannot be told by flags: the request itself, the credential, and a
// truthful account of the HTTP exchange. Loaded into every pi process; must not know any vendor.
//
// The request and the credential come over the RPC pipe, so they are never on disk, in arguments
// or in an environment that tools inherit. Requests leave with a placeholder for the credential,
// which `fetch` replaces, and only on the way to the endpoint that the user configured.

const CREDENTIAL = "kata-credential";
const BODY_LIMIT = 16_384;
const LINE_LIMIT = 4_194_304;
const MAX_TOKENS = ["max_tokens", "max_output_tokens", "max_completion_tokens"];

let turn;
let requests = 0;
let exchange = {};

function authorize(headers) {
  const { secret, session } = turn;
  for (const [name, value] of [...headers]) {
    if (!value.includes(CREDENTIAL)) continue;
    if (!session) headers.set(name, value.replace(CREDENTIAL, secret));
    else {
      headers.delete(name);
      headers.set("authorization", `Bearer ${secret}`);
    }
  }
}

// Passes an event stream on, line by line, up to its terminal event: what a server says after that
// counts no more. What is not an event of JSON ends it there, instead of being guessed at.
function watched(body, seen) {
  const reader = body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const encoder = new TextEncoder();
  let rest = "";
  const passed = (piece) => {
    let text;
    let invalid = false;
    try {
      text = piece.done ? `${decoder.decode()}\n` : decoder.decode(piece.value, { stream: true });
    } catch {
      invalid = true;
      text = `${new TextDecoder().decode(piece.value)}\n`;
    }
    // A carriage return at the end may be half of a line's end.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    if (rest.length > LINE_LIMIT) seen.malformed = true;
    const last = lines.findIndex((line) => {
      if (invalid && line.includes("\ufffd")) seen.malformed = true;
      else take(line, seen);
      return seen.finished || seen.malformed;
    });
    seen.malformed ||= invalid;
    // A malformed line itself stays behind; a terminal one is followed by the line that ends it.
    return last < 0 ? lines : [...lines.slice(0, seen.malformed ? last : last + 1), ""];
  };
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        let piece;
        try {
          piece = await reader.read();
        } catch (error) {
          seen.broken = true;
          throw error;
        }
        const lines = passed(piece);
        if (lines.length) controller.enqueue(encoder.encode(`${lines.join("\n")}\n`));
        if (piece.done || seen.finished || seen.malformed) {
          controller.close();
          await reader.cancel();
          return;
        }
        if (lines.length) return;
      }
    },
    cancel(reason) {
      return reader.cancel(reason);
    },
  });
}

function take(line, seen) {
  if (!line.startsWith("data:")) return;
  const data = line.slice(5).trim();
  if (data === "[DONE]") seen.finished = true;
  if (!data || seen.finished) return;
  let event;
  try {
    event = JSON.parse(data);
  } catch {}
  if (event === null || typeof event !== "object" || Array.isArray(event)) seen.malformed = true;
  else {
    seen.events += 1;
    note(event, seen);
  }
}

const DONE = new Set(["content_block_stop", "response.output_item.done"]);
const TEXT = new Set(["content_block_delta", "response.output_text.delta"]);

function note(event, seen) {
  const { type } = event;
  if (type === "error" || type === "response.failed" || (event.error && !type)) {
    seen.failure ??= event.response?.error ? { error: event.response.error } : event;
  }
  const choice = event.choices?.[0];
  const refused = type?.startsWith?.("response.refusal") || choice?.delta?.refusal;
  const stop = refused
    ? "refusal"
    : (event.delta?.stop_reason ??
      choice?.finish_reason ??
      event.response?.incomplete_details?.reason);
  if (stop && seen.stop !== "refusal") seen.stop = stop;
  // The engine drops text of a block that was closed: better no answer than one with holes.
  const block = event.index ?? event.output_index;
  if (DONE.has(type)) (seen.closed ??= {})[block] = true;
  if (TEXT.has(type) && seen.closed?.[block]) seen.malformed = true;
  if (type === "message_stop" || type === "response.completed") seen.finished = true;
}

async function observed(input, init) {
  // A draft is one request. The engine may want to answer a tool call that it cannot read; this
  // process is ended before that could be needed, and nobody pays for it.
  if (turn?.once && requests++) return new Promise(() => {});
  const request = new Request(input, init);
  const seen = (exchange = { events: 0, began: Date.now() });
  if (turn?.origin && new URL(request.url).origin !== turn.origin) {
    seen.network = "KATA_OTHER_ORIGIN";
    throw new Error("this process may only reach the configured endpoint");
  }
  const headers = new Headers(request.headers);
  if (turn) authorize(headers);
  let response;
  try {
    // A redirect would carry the credential elsewhere; its status is reported instead.
    response = await realFetch(new Request(request, { headers, redirect: "manual" }));
  } catch (error) {
    seen.network = error?.cause?.code ?? error?.cause?.name ?? error?.name ?? "unknown";
    throw error;
  }
  const header = (name) => response.headers.get(name) ?? undefined;
  Object.assign(seen, {
    status: response.status,
    requestId: header("request-id") ?? header("x-request-id"),
    retryAfter: header("retry-after"),
    retryAfterMs: header("retry-after-ms"),
    shouldRetry: header("x-should-retry"),
  });
  if (!response.ok) {
    const text = await response.text().catch(() => "");
    seen.body = text.slice(0, BODY_LIMIT);
    return new Response(text || null, response);
  }
  tell();
  if (!response.body) return response;
  return new Response(watched(response.body, seen), response);
}

let realFetch;
let ui;

function tell() {
  ui?.notify(`kata.exchange ${JSON.stringify(exchange)}`);
}

export default function bridge(pi) {
  realFetch = globalThis.fetch;
  globalThis.fetch = observed;

  // The engine runs whatever the prompt says; the real conversation replaces it here.
  pi.on("before_agent_start", async (_event, ctx) => {
    ui = ctx.ui;
    turn = JSON.parse(await ctx.ui.input("kata.turn"));
    for (const tool of turn.tools) {
      pi.registerTool({
        name: tool.name,
        label: tool.name,
        description: tool.description,
        parameters: tool.parameters,
        // The caller executes it; this process is ended before an answer could be needed.
        execute: () => new Promise(() => {}),
      });
    }
    if (turn.tools.length) pi.setActiveTools(turn.tools.map((tool) => tool.name));
    return { systemPrompt: turn.system };
  });

  pi.on("context", (event) => {
    const at = event.messages.findIndex((message) => message.role === "user");
    const messages = [...event.messages];
    messages.splice(at < 0 ? 0 : at, 1, ...turn.messages);
    return { messages };
  });

  pi.on("before_provider_request", (event) => {
    const payload = { ...event.payload };
    const named = MAX_TOKENS.filter((name) => name in payload);
    for (const name of named) payload[name] = turn.maxTokens;
    if (!named.length) payload[turn.maxTokensField] = turn.maxTokens;
    return payload;
  });

  pi.on("message_end", (event) => {
    if (event.message.role === "assistant") tell();
  });

  pi.on("tool_call", async (event, ctx) => {
    if (turn.tools.length) return undefined;
    const asked = { id: event.toolCallId, name: event.toolName, arguments: event.input };
    const answer = await ctx.ui.input("kata.permission", JSON.stringify(asked));
    const { allowed, reason } = JSON.parse(answer ?? '{"allowed": false}');
    return allowed ? undefined : { block: true, reason: reason || "The user did not allow this." };
  });
}
