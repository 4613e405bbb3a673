// An SMSC for tests and the demo, on the `smpp` package: none of its code is ours, so that what we speak is SMPP and not
// our idea of it. It takes binds, answers submit_sm with an id, sends receipts, and lets handsets write.
import { createRequire } from "node:module";
import { EventEmitter } from "node:events";

const smpp = createRequire(import.meta.url)("smpp");
const { encodings } = smpp;
const STATES = { ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };

const stamp = (d) => d.toISOString().replace(/[-T:]/g, "").slice(2, 12);

// A text as one or more short messages: GSM 03.38 where it can be, else UCS-2, with an 8-bit reference when it is long.
export function segments(text, ref) {
	const gsm = encodings.ASCII.match(text);
	const bytes = gsm ? encodings.ASCII.encode(text) : encodings.UCS2.encode(text);
	const whole = gsm ? 160 : 140;
	const coding = gsm ? 0 : 8;
	if (bytes.length <= whole) return [{ data_coding: coding, esm_class: 0, short_message: bytes }];
	const step = gsm ? 153 : 134;
	const cuts = [];
	for (let at = 0; at < bytes.length; ) {
		let end = Math.min(at + step, bytes.length);
		if (end < bytes.length && gsm && bytes[end - 1] === 0x1b) end--;
		if (end < bytes.length && !gsm && (bytes[end - 2] & 0xfc) === 0xd8) end -= 2;
		cuts.push(bytes.subarray(at, end));
		at = end;
	}
	return cuts.map((part, i) => ({
		data_coding: coding,
		esm_class: 0x40,
		short_message: Buffer.concat([Buffer.from([5, 0, 3, ref & 255, cuts.length, i + 1]), part]),
	}));
}

export class Smsc extends EventEmitter {
	// onSubmit(sm) may return { status, id, silent, late, receipt }: another answer, none at all, one after `late` ms,
	// another receipt ("UNDELIV", null for none).
	constructor({ systemId, password, receiptDelay = 30, onSubmit } = {}) {
		super();
		Object.assign(this, { systemId, password, receiptDelay, onSubmit });
		this.texts = []; // whole texts, as a handset shows them
		this.submits = []; // each submit_sm
		this.queries = []; // the id in each query_sm
		this.binds = new Set();
		this.next = 1000;
		this.ref = 0;
		this.partial = new Map();
		this.timers = new Set();
		this.server = smpp.createServer((session) => this.#session(session));
		this.server.on("error", (e) => this.emit("problem", e));
	}

	listen(port = 0, host = "127.0.0.1") {
		return new Promise((resolve, reject) => {
			this.server.once("error", reject);
			this.server.listen(port, host, () => {
				this.server.off("error", reject);
				this.port = this.server.address().port;
				resolve(this.port);
			});
		});
	}

	async close() {
		for (const t of this.timers) clearTimeout(t);
		this.timers.clear();
		for (const s of [...this.server.sessions]) s.destroy();
		await new Promise((resolve) => this.server.close(resolve));
	}

	// Ends every connection without a word, as a failing network does.
	drop() {
		for (const s of [...this.server.sessions]) s.destroy();
	}

	#session(session) {
		session.on("error", () => session.destroy());
		session.on("close", () => {
			if (this.binds.delete(session)) this.emit("unbound", session);
		});
		for (const kind of ["transceiver", "transmitter", "receiver"])
			session.on(`bind_${kind}`, (pdu) => this.#bind(session, kind, pdu));
		session.on("unbind", (pdu) => {
			session.send(pdu.response());
			session.close();
		});
		session.on("enquire_link", (pdu) => session.send(pdu.response()));
		session.on("submit_sm", (pdu) => this.#submit(session, pdu));
		session.on("query_sm", (pdu) => {
			const sm = this.submits.find((s) => s.id === pdu.message_id && s.from === pdu.source_addr);
			this.queries.push(pdu.message_id);
			session.send(pdu.response(sm ? { message_id: sm.id, message_state: STATES[sm.state] ?? 1 } : { command_status: 0x67 }));
		});
		session.on("unknown", (pdu) => session.send(pdu.response()));
	}

	#bind(session, kind, pdu) {
		const ok =
			(!this.systemId || pdu.system_id === this.systemId) && (!this.password || pdu.password === this.password);
		session.send(pdu.response(ok ? { system_id: "smsc" } : { command_status: smpp.ESME_RBINDFAIL }));
		if (!ok) return this.emit("refused", pdu.system_id);
		session.kind = kind;
		this.binds.add(session);
		this.emit("bound", session);
	}

	#submit(session, pdu) {
		const raw = pdu.message_payload ?? pdu.short_message;
		const sm = {
			id: (this.next++).toString(),
			from: pdu.source_addr,
			to: pdu.destination_addr,
			coding: pdu.data_coding,
			udh: raw?.udh ?? null,
			text: raw?.message?.toString() ?? "",
			payload: Boolean(pdu.message_payload),
			registered: pdu.registered_delivery & 1,
			sar: pdu.sar_total_segments ? [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum] : null,
			state: "ENROUTE",
			pdu,
		};
		const verdict = this.onSubmit?.(sm) ?? {};
		if (verdict.silent) return;
		if (verdict.id) sm.id = verdict.id;
		if (verdict.status) return session.send(pdu.response({ command_status: verdict.status }));
		this.submits.push(sm);
		if (verdict.late) this.#later(verdict.late, () => session.send(pdu.response({ message_id: sm.id })));
		else session.send(pdu.response({ message_id: sm.id }));
		this.emit("submit", sm);
		this.#assemble(sm);
		if (sm.registered && verdict.receipt !== null)
			this.#later(this.receiptDelay, () => this.receipt(sm, verdict.receipt ?? "DELIVRD"));
	}

	#later(ms, fn) {
		const t = setTimeout(() => {
			this.timers.delete(t);
			fn();
		}, ms);
		this.timers.add(t);
	}

	#assemble(sm) {
		const ie = sm.udh?.find((e) => (e[0] === 0 && e[1] === 3) || (e[0] === 8 && e[1] === 4));
		const [ref, total, seq] = ie ? [ie.subarray(2, -2).toString("hex"), ie.at(-2), ie.at(-1)] : (sm.sar ?? ["", 1, 1]);
		if (total <= 1) return this.#show(sm, [sm]);
		const key = `${sm.from}|${sm.to}|${ref}|${total}`;
		const parts = this.partial.get(key) ?? new Map();
		this.partial.set(key, parts.set(seq, sm));
		if (parts.size < total) return;
		this.partial.delete(key);
		this.#show(
			sm,
			[...parts.entries()].sort((a, b) => a[0] - b[0]).map(([, p]) => p),
		);
	}

	#show(sm, parts) {
		const whole = { from: sm.from, to: sm.to, text: parts.map((p) => p.text).join(""), parts, at: new Date() };
		this.texts.push(whole);
		this.emit("text", whole);
	}

	#receiver() {
		return [...this.binds].find((s) => s.kind !== "transmitter");
	}

	// The answer's command_status, or null when nobody is bound to receive.
	deliver(fields) {
		const session = this.#receiver();
		return new Promise((resolve) => {
			if (!session) return resolve(null);
			session.once("close", () => resolve(null));
			session.deliver_sm(fields, (resp) => resolve(resp.command_status));
		});
	}

	receipt(sm, state = "DELIVRD", error = "000") {
		const now = stamp(new Date());
		const delivered = state === "DELIVRD" ? "001" : "000";
		const text = `id:${sm.id} sub:001 dlvrd:${delivered} submit date:${now} done date:${now} stat:${state} err:${error} text:`;
		sm.state = state;
		return this.deliver({
			source_addr: sm.to,
			destination_addr: sm.from,
			esm_class: 0x04,
			data_coding: 0,
			short_message: Buffer.from(text, "latin1"),
			receipted_message_id: sm.id,
			message_state: STATES[state] ?? 7,
		});
	}

	// A handset writes. Resolves to the statuses of the answers, one for each part.
	async write({ from, to, text }) {
		const out = [];
		for (const part of segments(text, ++this.ref))
			out.push(
				await this.deliver({
					source_addr_ton: 1,
					source_addr_npi: 1,
					source_addr: from.replace(/^\+/, ""),
					destination_addr: to,
					...part,
				}),
			);
		return out;
	}
}
