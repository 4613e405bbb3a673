// A reporter for Node's test runner: one line for each test, reasons for what failed, and the totals in a fixed form.
export default async function* report(source) {
	let passed = 0;
	let failed = 0;
	const failures = [];
	for await (const { type, data } of source) {
		if (type === "test:diagnostic" && data.nesting > 0) yield `      ${data.message}\n`;
		if (type !== "test:pass" && type !== "test:fail") continue;
		const suite = data.details?.type === "suite";
		if (type === "test:pass" && (suite || data.skip !== undefined || data.todo !== undefined)) {
			if (!suite) yield `skip  ${data.name}${typeof data.skip === "string" ? `: ${data.skip}` : ""}\n`;
			continue;
		}
		if (type === "test:pass") {
			passed++;
			yield `ok    ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`;
			continue;
		}
		const error = data.details?.error;
		const cause = error?.cause ?? error;
		// A suite fails because its tests do; it counts only when it broke by itself (its before hook, for example).
		if (suite && /subtest/.test(String(error?.failureType ?? error?.message))) continue;
		failed++;
		failures.push(data.name);
		yield `FAIL  ${data.name} (${Math.round(data.details?.duration_ms ?? 0)} ms)\n`;
		yield `${String(cause?.stack ?? cause ?? "").split("\n").slice(0, 30).map((l) => `      ${l}`).join("\n")}\n`;
	}
	yield `TOTAL ${passed} passed, ${failed} failed${failures.length ? `: ${failures.join("; ")}` : ""}\n`;
}
