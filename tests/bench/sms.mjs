// The figures of SMS. Gateway and Kannel meet the same simulator, the same texts, the same number of connections.
//
// A rate with receipts is messages / (from the first request until the last receipt is stored, less the wait that the
// SMSC itself puts before a receipt). Stored means for the gateway: its deliver_sm_resp, which it gives after the commit,
// and afterwards the store is counted; for Kannel: the application has the last callback.
import { join } from "node:path";
import { messages, startGateway } from "./lib/gateway.mjs";
import { requests, startKannel } from "./lib/kannel.mjs";
import { freshDir, out } from "./lib/proc.mjs";
import { floor, floorHttp, followers, httpLoad, httpSink, simulator, timeline } from "./lib/tools.mjs";

const CONNS = 32;
export const RECEIPT_MS = 1000;
const SPREAD_MS = 4000;

export const settings = {
	count: Number(process.env.COUNT || 100000),
	subscribers: Number(process.env.SUBSCRIBERS ?? 10000), // 0: every message goes to a number never seen before
	// Kannel's rates do not depend on the count; its slower runs need not take minutes.
	kannel: Math.min(Number(process.env.COUNT || 40000), 40000),
};

const seconds = (from, to) => (to - from) / 1e9;

function same(what, got, want) {
	if (got !== want) throw new Error(`${what}: ${got} instead of ${want}`);
}

function result({ load, sim, last, wait, count, cpu, resident }) {
	return {
		rate: count / (seconds(load.start_ns, last) - wait / 1000),
		rate_with_wait: count / seconds(load.start_ns, last),
		accept_rate: load.rate,
		accept_p50_ms: load.answer_p50_ms,
		accept_p99_ms: load.answer_p99_ms,
		submit_rate: count / seconds(sim.first_submit_ns, sim.last_submit_ns),
		cpu_per_100k: (cpu * 1e5) / count,
		resident_mb: resident / 1024,
		duplicates: sim.duplicates,
	};
}

// What a system does only once is done before the clock starts: these messages, up to their receipts.
const WARM = 200;

async function warm(sim, port, load, count) {
	await httpLoad({ port, conns: CONNS, ...load, count: WARM, first: 90000000 });
	await sim.event("complete");
	sim.anew(`expect ${count}`);
}

// receiptMs undefined: no receipts are asked for.
export async function gatewayMt({ count = settings.count, window = 100, receiptMs, spreadMs, rate, around, store, dsn }) {
	const sim = await simulator({ receiptMs, spreadMs, expect: WARM });
	const kind = receiptMs === undefined ? "sent" : "delivered";
	const before = dsn ? (timeline("count", dsn)[kind] ?? 0) : 0;
	const g = await startGateway({ dir: freshDir("gateway"), store, dsn, sms: { port: sim.port, window, receipts: receiptMs === undefined ? "none" : "final" } });
	const form = { header: g.header, ...messages(settings) };
	await warm(sim, g.port, form, count);
	const during = await around?.begin(g);
	const cpu = g.cpu();
	const load = await httpLoad({ port: g.port, conns: CONNS, count, rate, ...form });
	const done = await sim.event("complete", 600);
	const used = g.cpu() - cpu;
	const resident = g.resident();
	const last = receiptMs === undefined ? done.last_submit_ns : done.last_receipt_ns;
	const extra = await around?.end(during);
	await g.stop();
	await sim.stop();
	const stored = timeline("count", g.dsn);
	same("deliveries in the store", stored[kind] - before, WARM + count);
	return { ...result({ load, sim: done, last, wait: (receiptMs ?? 0) + (spreadMs ?? 0), count, cpu: used, resident }), extra };
}

export async function kannelMt({ count = settings.kannel, window = 100, receiptMs, spreadMs, rate, store }) {
	const receipts = receiptMs !== undefined;
	const sim = await simulator({ receiptMs, spreadMs, expect: WARM });
	const sink = receipts ? await httpSink({ expect: 2 * (WARM + count) }) : undefined;
	const k = await startKannel({ dir: freshDir("kannel"), simulator: sim, window, store });
	const form = requests({ ...settings, dlrs: sink?.port });
	await warm(sim, k.port, form, count);
	const cpu = k.cpu();
	const load = await httpLoad({ port: k.port, conns: CONNS, count, rate, ...form });
	const done = await sim.event("complete", 600);
	const last = receipts ? (await sink.event("complete", 600)).last_ns : done.last_submit_ns;
	const used = k.cpu() - cpu;
	const resident = k.resident();
	await k.stop();
	await sim.stop();
	await sink?.stop();
	return result({ load, sim: done, last, wait: (receiptMs ?? 0) + (spreadMs ?? 0), count, cpu: used, resident });
}

// CPU microseconds that the bare steps of one message need, on this machine, now.
async function bareSteps() {
	const server = await floorHttp(2);
	await httpLoad({ port: server.port, conns: CONNS, count: 50000, ...messages(settings) });
	const http = await server.stop();
	const json = await floor("json", 50000);
	const store = await floor("store", join(out, "run", "floor.db"), 50000, 100);
	const sim = await simulator({});
	const smpp = await floor("smpp", sim.port, 50000, 100, "receipts");
	await sim.stop();
	return { http: http.us, json: json.us, store: store.us, smpp: smpp.us };
}

async function receipts(want) {
	const ours = await gatewayMt({ receiptMs: RECEIPT_MS });
	const found = [];
	if (want("sms.mt_receipts") || want("sms.mt_cpu")) {
		const theirs = await kannelMt({ receiptMs: RECEIPT_MS });
		found.push({ name: "sms.mt_receipts", value: ours.rate, peer_value: theirs.rate, detail: { ours, theirs } });
		const steps = want("sms.mt_cpu") ? await bareSteps() : undefined;
		const sum = steps && (Object.values(steps).reduce((a, b) => a + b) * 1e5) / 1e6;
		found.push({ name: "sms.mt_cpu", value: ours.cpu_per_100k, peer_value: theirs.cpu_per_100k, floor: sum, detail: { steps } });
	}
	if (want("sms.mt_durable")) {
		const theirs = await kannelMt({ receiptMs: RECEIPT_MS, store: "spool" });
		found.push({ name: "sms.mt_durable", value: ours.rate, peer_value: theirs.rate, detail: { theirs } });
	}
	return found;
}

async function onPostgres() {
	const ours = await gatewayMt({ receiptMs: RECEIPT_MS, store: "postgresql" });
	const theirs = await kannelMt({ receiptMs: RECEIPT_MS });
	return [{ name: "pg.mt_receipts", value: ours.rate, peer_value: theirs.rate, detail: { ours, theirs } }];
}

async function spread() {
	const ours = await gatewayMt({ receiptMs: RECEIPT_MS, spreadMs: SPREAD_MS });
	const theirs = await kannelMt({ receiptMs: RECEIPT_MS, spreadMs: SPREAD_MS });
	return [{ name: "sms.mt_spread", value: ours.rate, peer_value: theirs.rate, detail: { ours, theirs } }];
}

async function plain() {
	const ours = await gatewayMt({});
	const theirs = await kannelMt({ count: Number(process.env.COUNT || 100000) });
	return [{ name: "sms.mt_plain", value: ours.rate, peer_value: theirs.rate, detail: { ours, theirs } }];
}

// ---- the window: how much of window / latency is used

async function windowShare(start, load, window) {
	const count = window * 100;
	const sim = await simulator({ answerMs: 20, noReceipts: true, expect: count });
	const s = await start(sim, window);
	await httpLoad({ port: s.port, header: s.header ?? [], conns: CONNS, count, ...load });
	const done = await sim.event("complete");
	await s.stop();
	await sim.stop();
	// The first window goes out at once; all others follow answers.
	return ((count - window) / seconds(done.first_submit_ns, done.last_submit_ns)) * (0.02 / window);
}

const gatewayOn = (sim, window) => startGateway({ dir: freshDir("gateway"), sms: { port: sim.port, window, receipts: "none" } });
const kannelOn = (sim, window) => startKannel({ dir: freshDir("kannel"), simulator: sim, window });

async function windowUse() {
	const shares = async (start, load) => [await windowShare(start, load, 10), await windowShare(start, load, 100)];
	const ours = await shares(gatewayOn, messages(settings));
	const theirs = await shares(kannelOn, requests(settings));
	const value = Math.min(...ours);
	return [{ name: "sms.window_use", value, peer_value: Math.min(...theirs), floor: 1, detail: { ours, theirs } }];
}

// ---- first in, first out: a backlog of two seconds stands while new messages come as fast as old ones leave. All are
// counted, those of the backlog too: a system that serves the newest first lets exactly them wait.

const SERVED = 500;
const BACKLOG = 1000;
const WATCHED = 3000;

async function waits(start, form) {
	const sim = await simulator({ rate: SERVED, noReceipts: true, expect: BACKLOG + WATCHED });
	const s = await start(sim, 10);
	const load = { port: s.port, header: s.header ?? [], conns: CONNS };
	await httpLoad({ ...load, count: BACKLOG, ...form(settings) });
	await httpLoad({ ...load, count: WATCHED, first: BACKLOG, rate: SERVED, ...form(settings) });
	const done = await sim.event("complete");
	await s.stop();
	await sim.stop();
	same("messages with a time", done.way_n, BACKLOG + WATCHED);
	return { ratio: done.way_p99_ms / done.way_p50_ms, p50_ms: done.way_p50_ms, p99_ms: done.way_p99_ms, max_ms: done.way_max_ms };
}

async function fifo() {
	const ours = await waits(gatewayOn, messages);
	const theirs = await waits(kannelOn, requests);
	return [{ name: "sms.fifo", value: ours.ratio, peer_value: theirs.ratio, detail: { ours, theirs } }];
}

// ---- the 202 at half of the load that each can carry (sms.mt_receipts)

const carried = {};

export async function halfLoad(who) {
	carried[who] ??= (await (who === "gateway" ? gatewayMt : kannelMt)({ receiptMs: RECEIPT_MS })).rate;
	return carried[who] / 2;
}

async function accept() {
	const [mine, its] = [await halfLoad("gateway"), await halfLoad("kannel")];
	const seconds = Math.min(10, settings.count / mine);
	const at = (rate) => ({ receiptMs: RECEIPT_MS, rate, count: Math.ceil(rate * seconds) });
	const ours = await gatewayMt(at(mine));
	const equal = await gatewayMt(at(its));
	const theirs = await kannelMt(at(its));
	const detail = { rates: [mine, its], ours, ours_at_its_rate: equal.accept_p99_ms, theirs };
	return [{ name: "sms.accept_p99", value: ours.accept_p99_ms, peer_value: theirs.accept_p99_ms, detail }];
}

// ---- inbound: deliver_sm to stored and on the stream; Kannel: to the application

async function gatewayMo(count) {
	const sim = await simulator({ expect: count });
	const g = await startGateway({ dir: freshDir("gateway"), sms: { port: sim.port } });
	const stream = await followers({ port: g.port, header: g.header, path: "/v1/stream?types=message.received", expect: count });
	const cpu = g.cpu();
	sim.say(`texts ${count}`);
	const [seen, done] = [await stream.event("complete", 600), await sim.event("complete", 600)];
	const used = g.cpu() - cpu;
	await stream.stop();
	await g.stop();
	await sim.stop();
	same("inbound texts in the store", timeline("count", g.dsn).inbound, count);
	return { rate: count / seconds(done.first_text_ns, Math.max(seen.last_ns, done.last_text_ns)), cpu_per_100k: (used * 1e5) / count };
}

async function kannelMo(count) {
	const sim = await simulator({});
	const sink = await httpSink({ expect: count });
	const k = await startKannel({ dir: freshDir("kannel"), simulator: sim, sink: sink.port });
	const cpu = k.cpu();
	sim.say(`texts ${count}`);
	const done = await sink.event("complete", 600);
	const used = k.cpu() - cpu;
	await k.stop();
	const { first_text_ns } = await sim.stop();
	await sink.stop();
	return { rate: count / seconds(first_text_ns, done.last_ns), cpu_per_100k: (used * 1e5) / count };
}

async function mo() {
	const ours = await gatewayMo(settings.kannel);
	const theirs = await kannelMo(settings.kannel);
	return [{ name: "sms.mo", value: ours.rate, peer_value: theirs.rate, detail: { ours, theirs } }];
}

const kannel = "Kannel without a store";
export const figures = [
	{ name: "sms.mt_receipts", unit: "messages/s", peer: kannel, target: ["ratio", ">=", 5], measure: receipts },
	{ name: "sms.mt_durable", unit: "messages/s", peer: "Kannel with its spool", target: ["ratio", ">=", 10], measure: receipts },
	{
		name: "sms.mt_cpu",
		unit: "CPU s / 100,000",
		peer: kannel,
		target: ["ratio", "<=", 0.2, "floor_ratio", "<=", 2],
		measure: receipts,
	},
	{ name: "pg.mt_receipts", unit: "messages/s", peer: kannel, target: ["ratio", ">=", 3], measure: onPostgres },
	{ name: "sms.mt_spread", unit: "messages/s", peer: kannel, target: ["ratio", ">=", 10], measure: spread },
	{ name: "sms.mt_plain", unit: "messages/s", peer: kannel, target: ["ratio", ">=", 1.3], measure: plain },
	{ name: "sms.window_use", unit: "share", peer: "Kannel", target: ["floor_ratio", ">=", 0.95], measure: windowUse },
	{ name: "sms.fifo", unit: "p99/p50", peer: "Kannel", target: ["value", "<=", 2], measure: fifo },
	{ name: "sms.accept_p99", unit: "ms", peer: "Kannel", target: ["ratio", "<=", 1], measure: accept },
	{ name: "sms.mo", unit: "texts/s", peer: "Kannel to an HTTP sink", target: ["ratio", ">=", 2], measure: mo },
];
