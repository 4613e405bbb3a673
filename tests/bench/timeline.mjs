// timeline.page: 50-row pages a second over HTTP, out of 10 million interactions, beside the same SELECT in process.
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startGateway } from "./lib/gateway.mjs";
import { freshDir, out } from "./lib/proc.mjs";
import { httpLoad, timeline } from "./lib/tools.mjs";

const INTERACTIONS = Number(process.env.INTERACTIONS || 10000000);
const CUSTOMERS = Math.ceil(INTERACTIONS / 100);
const SECONDS = 5;

// Built once and kept: it takes minutes. Remove the file to have it built anew (after a change of the schema).
export function fixture() {
	const dsn = join(out, `timeline-${INTERACTIONS}.db`);
	const ids = join(out, `timeline-${INTERACTIONS}.ids`);
	if (!existsSync(dsn) || !existsSync(ids)) {
		for (const end of ["", "-wal", "-shm"]) rmSync(dsn + ".new" + end, { force: true });
		console.error(`  FILL  ${dsn}`);
		timeline("fill", dsn + ".new", ids, INTERACTIONS, CUSTOMERS);
		renameSync(dsn + ".new", dsn);
	}
	return { dsn, ids };
}

async function page() {
	const { dsn, ids } = fixture();
	timeline("warm", dsn);
	const select = timeline("page", dsn, ids, SECONDS, 50);
	const g = await startGateway({ dir: freshDir("gateway"), dsn });
	const load = { port: g.port, header: g.header, lines: ids, path: "/v1/customers/{f}/timeline?limit=50" };
	await httpLoad({ ...load, conns: 32, count: 2000 });
	const cpu = g.cpu();
	const many = await httpLoad({ ...load, conns: 32, count: Math.ceil((select.rate * SECONDS) / 2) });
	const cpu_us = ((g.cpu() - cpu) * 1e6) / many.answered;
	const one = await httpLoad({ ...load, conns: 1, count: 2000 });
	await g.stop();
	const added = one.answer_p50_ms - select.page_p50_ms;
	return [
		{
			name: "timeline.page",
			value: many.rate,
			floor: select.rate,
			detail: { select, cpu_us, bytes: many.bytes / many.answered, p50_ms: many.answer_p50_ms, p99_ms: many.answer_p99_ms },
		},
		{ name: "timeline.page_http_p50", value: added, floor: select.page_p50_ms, detail: { over_http: one.answer_p50_ms } },
	];
}

export const figures = [
	{ name: "timeline.page", unit: "pages/s", target: ["floor_ratio", ">=", 0.5], measure: page },
	{ name: "timeline.page_http_p50", unit: "ms added to the SELECT's p50", measure: page },
];
