// The OpenAPI document against what the other test files really asked: every route it names was used, every role it names
// is held. Runs last (tests/run.sh); alone it only says what is missing.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { document } from "./lib/api.mjs";
import { top } from "./lib/gateway.mjs";

const file = resolve(top, process.env.E2E_COVERAGE ?? "build/e2e/coverage.txt");

describe("the OpenAPI document", () => {
	it("is 3.1 and names no route that no test has used", { skip: !process.env.E2E_ALL && "only after the whole suite" }, () => {
		assert.match(document.openapi, /^3\.1\./);
		const used = new Set((existsSync(file) ? readFileSync(file, "utf8") : "").split("\n").map((l) => l.split(" ").slice(0, 2).join(" ")));
		const unused = Object.entries(document.paths).flatMap(([path, item]) =>
			Object.keys(item)
				.filter((m) => /^(get|post|put|patch|delete)$/.test(m))
				.map((m) => `${m.toUpperCase()} ${path}`)
				.filter((r) => !used.has(r)),
		);
		assert.deepEqual(unused, []);
	});
});
