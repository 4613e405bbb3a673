// The store of a gateway under test: a SQLite file in its folder, or a database of its own in the PostgreSQL that
// THREADLINE_TEST_STORE names. "postgresql" alone starts a server for this process.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const script = resolve(new URL("../../peer/postgres.sh", import.meta.url).pathname);
let server = /^postgresql:/.test(process.env.THREADLINE_TEST_STORE ?? "") ? process.env.THREADLINE_TEST_STORE : null;

export const onPostgres = /^postgresql/.test(process.env.THREADLINE_TEST_STORE ?? "");

function psql(dsn, sql) {
	return execFileSync("psql", ["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", sql, dsn], { encoding: "utf8" }).trim();
}

// A PostgreSQL of this process's own, gone when it ends. crash() kills it, again() starts it once more, pool()
// puts a pooler before it and gives the folder of its socket.
export function postgresServer() {
	const dir = mkdtempSync(join(tmpdir(), "threadline-pg-"));
	const dsn = execFileSync(script, ["start", dir], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
	const stop = () => {
		execFileSync(script, ["stop", dir]);
		rmSync(dir, { recursive: true, force: true });
	};
	process.once("exit", stop);
	const does = (what) => () => execFileSync(script, [what, dir], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
	return { dsn, dir, crash: does("crash"), again: does("again"), pool: does("pool") };
}

export class Database {
	constructor(on = (server ??= postgresServer().dsn)) {
		this.server = on;
		this.name = `t_${randomBytes(6).toString("hex")}`;
		psql(on, `CREATE DATABASE ${this.name}`);
		this.dsn = on.replace("///postgres?", `///${this.name}?`);
	}

	query(sql) {
		return psql(this.dsn, sql);
	}

	drop() {
		psql(this.server, `DROP DATABASE ${this.name} WITH (FORCE)`);
	}
}
