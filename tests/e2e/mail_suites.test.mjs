// The published sets of bounces and of MIME beside the project (THREADLINE_SUITES, or ../shared/suites), read by
// `threadline explain mail`. Prints how much is as its authors expect, and fails below the mark.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { binary, top } from "./lib/gateway.mjs";

const suites = process.env.THREADLINE_SUITES ?? join(top, "../shared/suites");
const bounces = join(suites, "bounce");
const mime = join(suites, "mime/stalwart/eml");
const absent = (folder) => (existsSync(folder) ? false : `${folder} is not there`);

// One process for all: file name → the mails in it.
function explain(files) {
	const r = spawnSync(binary, ["explain", "mail", ...files], { encoding: "utf8", maxBuffer: 1 << 30 });
	assert.equal(r.signal, null, "crashed");
	const by = new Map(files.map((f) => [f, []]));
	for (const l of r.stdout.split("\n").filter(Boolean)) {
		const m = JSON.parse(l);
		by.get(m.file).push(m);
	}
	return by;
}

function report(what, right, of, mark) {
	const percent = (100 * right) / of;
	console.log(`# ${what}: ${right} of ${of}, ${percent.toFixed(1)} %`);
	assert.ok(percent >= mark, `${what}: ${percent.toFixed(1)} % is below ${mark} %`);
}

describe("bounces", { skip: absent(bounces) }, () => {
	const expected = existsSync(bounces) ? JSON.parse(readFileSync(join(bounces, "expected.json"), "utf8")) : {};

	// Vacation notes and complaints have no status: their class is what counts.
	const classes = { vacation: "auto-reply", feedback: "complaint" };
	function right(row, mails, left) {
		if (classes[row.reason]) return mails.some((m) => m.class === classes[row.reason]);
		const i = left.findIndex((r) => r.status?.[0] === row.status[0] && (r.bounce === "hard") === !!row.hardbounce);
		if (i < 0 || mails.every((m) => m.class === "message")) return false;
		left.splice(i, 1);
		return true;
	}
	for (const ends of ["bsd", "dos", "mac"])
		it(`finds status class and hard or soft of 95 in 100 recipients (${ends} line ends)`, () => {
			const names = Object.keys(expected).filter((f) => existsSync(join(bounces, "eml", ends, f)));
			const mails = explain(names.map((f) => join(bounces, "eml", ends, f)));
			let rows = 0;
			let good = 0;
			for (const f of names) {
				const of = mails.get(join(bounces, "eml", ends, f));
				const left = of.flatMap((m) => m.recipients ?? []);
				for (const row of expected[f]) {
					rows++;
					if (right(row, of, left)) good++;
					else console.log(`#   ${f}: ${row.reason} ${row.status}; ${JSON.stringify(of.map((m) => m.class))}`);
				}
			}
			report(`recipients (${ends})`, good, rows, 95);
		});

	it("calls no other mail a bounce", () => {
		const others = readdirSync(join(bounces, "eml/not")).map((f) => join(bounces, "eml/not", f));
		for (const [f, [m]] of explain(others)) assert.equal(m.class, "message", f);
	});
});

describe("MIME", { skip: absent(mime) }, () => {
	const letters = (s) => s.replace(/[\s>]+/g, "");

	// The reference gives up on bytes without a charset (U+FFFD), which may be read as something better.
	function alike(got, want) {
		if (got === want) return true;
		if (!want.includes("\ufffd") || got.length !== want.length) return false;
		return [...want].every((c, i) => c === "\ufffd" || c === [...got][i]);
	}
	const binaryOf = (body) => body.Binary ?? body.InlineBinary;
	// It leaves uuencoded files as they came, in parts and in texts.
	const uuencoded = (part, raw) => /^content-transfer-encoding:\s*x-uuencode/im.test(raw.slice(part.offset_header, part.offset_body).toString("latin1"));
	const withoutUu = (s) => s.replace(/^begin [0-7]{3,4} .*\n(?:[ -`].*\n)*?end\r?\n/gm, "");

	function right(expected, raw, m) {
		const parts = expected.parts;
		const texts = expected.text_body.map((i) => parts[i].body);
		const want = letters(texts.map((b) => withoutUu(b.Text ?? "")).join("\n"));
		const files = texts.reduce((n, b) => n + ((b.Text ?? "").match(/^begin [0-7]{3,4} /gm)?.length ?? 0), 0);
		const text = texts.some((b) => b.Html !== undefined) ? m.text.trim() !== "" : alike(letters(m.text), want);
		if (!text || m.attachments.length !== expected.attachments.length + files) return false;
		return expected.attachments.every((i, k) => {
			const bytes = binaryOf(parts[i].body);
			if (!bytes || uuencoded(parts[i], raw)) return true;
			return createHash("sha256").update(Buffer.from(bytes)).digest("hex") === m.attachments[k].sha256;
		});
	}

	it("has the expected parts and the decoded text of 95 in 100 mails, with either line ends", () => {
		const dir = mkdtempSync(join(tmpdir(), "threadline-mime-"));
		const cases = [];
		for (const kind of ["rfc", "legacy"])
			for (const f of readdirSync(join(mime, kind)).filter((f) => f.endsWith(".eml"))) {
				const base = join(mime, kind, f.replace(/\.eml$/, ""));
				const raw = readFileSync(`${base}.eml`);
				const crlf = join(dir, `${kind}-${f}`);
				writeFileSync(crlf, Buffer.from(raw.toString("latin1").replace(/\r?\n/g, "\r\n"), "latin1"));
				cases.push({ file: `${base}.eml`, expected: `${base}.json` }, { file: crlf, expected: `${base}.crlf.json` });
			}
		const mails = explain(cases.map((c) => c.file));
		let good = 0;
		for (const c of cases) {
			if (right(JSON.parse(readFileSync(c.expected, "utf8")), readFileSync(c.file), mails.get(c.file)[0])) good++;
			else console.log(`#   ${c.file}`);
		}
		rmSync(dir, { recursive: true });
		report("mails with their parts and texts", good, cases.length, 95);
	});
});
