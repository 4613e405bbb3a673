// growth.*: whether a store that has grown is slower: pages of random customers and messages with receipts, out of 1, 10
// (GROWTH=1,10,50: and 50) million interactions. The figure is the largest store's, its peer the smallest one.
import { startGateway } from "./lib/gateway.mjs";
import { freshDir } from "./lib/proc.mjs";
import { httpLoad } from "./lib/tools.mjs";
import { gatewayMt, RECEIPT_MS, settings } from "./sms.mjs";
import { fixture, warm } from "./timeline.mjs";

const MILLIONS = (process.env.GROWTH || "1,10").split(",").map(Number);
// Pages are asked for at a pace well below what it could, so that their time is not the time of a queue.
const PAGES = { rate: 500, count: 5000, conns: 16 };
const WRITES = Math.min(settings.count, 20000);

async function pages({ dsn, ids }) {
	const g = await startGateway({ dir: freshDir("gateway"), dsn });
	const load = { port: g.port, header: g.header, lines: ids, path: "/v1/customers/{f}/timeline?limit=50" };
	await httpLoad({ ...load, conns: 16, count: 5000 });
	const load_done = await httpLoad({ ...load, ...PAGES });
	await g.stop();
	return { p50_ms: load_done.answer_p50_ms, p99_ms: load_done.answer_p99_ms };
}

// The first to be warm would be the last to be measured: each is warmed just before.
async function curve(store) {
	const found = [];
	for (const millions of MILLIONS) {
		const f = fixture(millions * 1e6, store);
		warm(f);
		const page = await pages(f);
		const write = await gatewayMt({ count: WRITES, receiptMs: RECEIPT_MS, dsn: f.dsn });
		found.push({ millions, ...page, write: write.rate, cpu_per_100k: write.cpu_per_100k });
	}
	return found;
}

const both = (store, page, write) => async () => {
	const detail = await curve(store);
	const [first, last] = [detail[0], detail.at(-1)];
	return [
		{ name: page, value: last.p99_ms, peer_value: first.p99_ms, detail },
		{ name: write, value: last.write, peer_value: first.write },
	];
};
const sqlite = both("sqlite", "growth.page_p99", "growth.write");
const postgres = both("postgresql", "growth.pg_page_p99", "growth.pg_write");

const peer = `itself at ${MILLIONS[0]} million instead of ${MILLIONS.at(-1)}`;
const page = { unit: "ms", peer, target: ["ratio", "<=", 1.2] };
const write = { unit: "messages/s", peer, target: ["ratio", ">=", 1 / 1.2] };
export const figures = [
	{ name: "growth.page_p99", ...page, measure: sqlite },
	{ name: "growth.write", ...write, measure: sqlite },
	{ name: "growth.pg_page_p99", ...page, measure: postgres },
	{ name: "growth.pg_write", ...write, measure: postgres },
];
