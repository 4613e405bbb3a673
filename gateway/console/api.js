// Calls to /v1. The session lives in a cookie that scripts cannot read; the header tells the server that a script of this
// page asked, which a form on a foreign page cannot do. A refusal is thrown as a Problem (RFC 9457).

export class Problem extends Error {
	constructor(status, body) {
		super(body.detail || body.title || `HTTP ${status}`);
		this.status = status;
		this.code = body.code;
		this.errors = body.errors || [];
	}
}

export async function call(method, path, body, headers = {}) {
	const r = await fetch(path, {
		method,
		credentials: "same-origin",
		headers: { "X-Threadline": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	const type = r.headers.get("Content-Type") || "";
	const value = type.includes("json") ? await r.json() : null;
	if (!r.ok) throw new Problem(r.status, value || {});
	return value;
}

export const get = (path) => call("GET", path);
export const post = (path, body, headers) => call("POST", path, body, headers);
export const patch = (path, body, headers) => call("PATCH", path, body, headers);

// A send that is tried again after a lost answer must not send twice.
export const send = (path, body) => post(path, body, { "Idempotency-Key": crypto.randomUUID() });
