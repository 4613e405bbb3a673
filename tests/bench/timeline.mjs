// timeline.page, pg.page: 50-row pages a second over HTTP, out of 10 million interactions, beside the same SELECT in
// process.
import { execFileSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { keptDatabase, startGateway } from "./lib/gateway.mjs";
import { freshDir, out } from "./lib/proc.mjs";
import { httpLoad, timeline } from "./lib/tools.mjs";

const INTERACTIONS = Number(process.env.INTERACTIONS || 10000000);
const SECONDS = 5;

function fill(dsn, ids, interactions) {
	console.error(`  FILL  ${dsn}`);
	timeline("fill", dsn, ids, interactions, customersOf(interactions));
}

function sqliteFixture(interactions) {
	const dsn = join(out, `timeline-${interactions}.db`);
	const ids = join(out, `timeline-${interactions}.ids`);
	if (!existsSync(dsn) || !existsSync(ids)) {
		for (const end of ["", "-wal", "-shm"]) rmSync(dsn + ".new" + end, { force: true });
		fill(dsn + ".new", ids, interactions);
		renameSync(dsn + ".new", dsn);
	}
	return { dsn, ids };
}

function postgresFixture(interactions) {
	const ids = join(out, `timeline-${interactions}.pg.ids`);
	const name = `timeline_${interactions}`;
	const { dsn, there, sql } = keptDatabase(name);
	if (!there || !existsSync(ids)) {
		for (const one of [name, `${name}_new`]) sql(`DROP DATABASE IF EXISTS ${one}`);
		sql(`CREATE DATABASE ${name}_new`);
		fill(dsn.replace(name, `${name}_new`), ids, interactions);
		sql(`ALTER DATABASE ${name}_new RENAME TO ${name}`);
	}
	return { dsn, ids };
}

export const customersOf = (interactions) => Math.ceil(interactions / 100);

// Built once and kept: it takes minutes. Remove build/bench/timeline-* and build/bench/postgres to have them built anew
// (after a change of the schema).
export function fixture(interactions = INTERACTIONS, store = "sqlite") {
	return store === "postgresql" ? postgresFixture(interactions) : sqliteFixture(interactions);
}

// Reads all of it that pages need, so that neither the first nor the second to be measured pays for the disk.
export function warm({ dsn }) {
	timeline("warm", dsn);
	if (!dsn.startsWith("postgresql:")) return;
	const read = "SELECT count(pg_prewarm(oid, 'read')) FROM pg_class WHERE relkind IN ('r', 'i') AND relname ~ '^(interaction|delivery|customer|contact_point)'";
	for (const sql of ["CREATE EXTENSION IF NOT EXISTS pg_prewarm", read]) execFileSync("psql", ["-X", "-q", "-c", sql, dsn], { stdio: ["ignore", "ignore", "inherit"] });
}

// Pages over HTTP and by the bare SELECT.
async function pages(store) {
	const { dsn, ids } = fixture(INTERACTIONS, store);
	warm({ dsn });
	timeline("page", dsn, ids, 2, 50);
	const select = timeline("page", dsn, ids, SECONDS, 50);
	const g = await startGateway({ dir: freshDir("gateway"), dsn });
	const load = { port: g.port, header: g.header, lines: ids, path: "/v1/customers/{f}/timeline?limit=50" };
	await httpLoad({ ...load, conns: 32, count: 2000 });
	const cpu = g.cpu();
	const many = await httpLoad({ ...load, conns: 32, count: Math.ceil((select.rate * SECONDS) / 2) });
	const cpu_us = ((g.cpu() - cpu) * 1e6) / many.answered;
	const one = await httpLoad({ ...load, conns: 1, count: 2000 });
	await g.stop();
	const detail = { select, cpu_us, bytes: many.bytes / many.answered, p50_ms: many.answer_p50_ms, p99_ms: many.answer_p99_ms };
	return { value: many.rate, floor: select.rate, detail, over_http: one.answer_p50_ms };
}

async function page() {
	const { over_http, ...found } = await pages("sqlite");
	const { page_p50_ms } = found.detail.select;
	return [
		{ name: "timeline.page", ...found },
		{ name: "timeline.page_http_p50", value: over_http - page_p50_ms, floor: page_p50_ms, detail: { over_http } },
	];
}

async function onPostgres() {
	const { over_http, ...found } = await pages("postgresql");
	return [{ name: "pg.page", ...found, detail: { ...found.detail, over_http } }];
}

export const figures = [
	{ name: "timeline.page", unit: "pages/s", target: ["floor_ratio", ">=", 0.5], measure: page },
	{ name: "timeline.page_http_p50", unit: "ms added to the SELECT's p50", measure: page },
	{ name: "pg.page", unit: "pages/s", target: ["floor_ratio", ">=", 0.5], measure: onPostgres },
];
