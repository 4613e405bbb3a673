import { check } from "./api.mjs";

// A follower of the event stream, by fetch: reads, remembers, waits for what is wanted.
export class Stream {
	constructor(url, { key, lastEventId, headers, how = fetch } = {}) {
		this.fetch = how;
		this.events = [];
		this.comments = 0;
		this.waiting = new Set();
		this.abort = new AbortController();
		this.open = this.#start(url, {
			Accept: "text/event-stream",
			...(key ? { Authorization: `Bearer ${key}` } : {}),
			...(lastEventId ? { "Last-Event-ID": String(lastEventId) } : {}),
			...headers,
		});
	}

	static async follow(gateway, query = "", options = {}) {
		const s = new Stream(`${gateway.url}/v1/stream${query}`, { key: gateway.key, how: gateway.fetch, ...options });
		await s.open;
		return s;
	}

	async #start(url, headers) {
		const r = await this.fetch(url, { headers, signal: this.abort.signal });
		this.status = r.status;
		const { pathname } = new URL(url);
		if (r.ok && pathname.startsWith("/v1/")) check("GET", pathname, r.status, "text/event-stream", "");
		if (!r.ok) throw new Error(`the stream answered ${r.status}: ${await r.text()}`);
		if (new URL(url).pathname === "/v1/stream") check("GET", "/v1/stream", r.status, "text/event-stream");
		this.done = this.#read(r.body).catch((e) => {
			if (!this.abort.signal.aborted) this.error = e;
		});
	}

	async #read(body) {
		const decoder = new TextDecoder();
		let rest = "";
		for await (const bytes of body) {
			rest += decoder.decode(bytes, { stream: true });
			const blocks = rest.split("\n\n");
			rest = blocks.pop();
			for (const b of blocks) this.#block(b);
		}
		this.ended = true;
	}

	#block(block) {
		const event = { data: "" };
		for (const line of block.split("\n")) {
			if (line.startsWith(":")) this.comments++;
			const m = /^(id|event|data): ?(.*)$/.exec(line);
			if (m) event[m[1]] = m[1] === "data" ? event.data + m[2] : m[2];
		}
		if (!event.data) return;
		event.body = JSON.parse(event.data);
		this.events.push(event);
		for (const w of this.waiting) w();
	}

	// The first event (from `from` on) that fits; events already seen count.
	next(what, fits, { timeout = 15000, from = 0 } = {}) {
		return new Promise((resolve, reject) => {
			const look = () => {
				const hit = this.events.slice(from).find(fits);
				if (!hit) return;
				clearTimeout(timer);
				this.waiting.delete(look);
				resolve(hit);
			};
			const timer = setTimeout(() => {
				this.waiting.delete(look);
				const seen = this.events.slice(from).map((e) => e.event);
				reject(new Error(`waited ${timeout} ms for the event ${what}; seen: ${seen.join(" ")}`));
			}, timeout);
			this.waiting.add(look);
			look();
		});
	}

	type(type, timeout) {
		return this.next(type, (e) => e.event === type, { timeout });
	}

	async close() {
		this.abort.abort();
		await this.done;
	}
}
