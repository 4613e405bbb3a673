// The figures of email. Gateway and Postfix meet the same sink and the same load; both have a mail on disk before they say
// so, and both are through when they have noted on disk that it is delivered.
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Postfix, postfixMissing } from "../peer/postfix.mjs";
import { startGateway } from "./lib/gateway.mjs";
import { accepts, freePort, freshDir, now, pause, Proc, until } from "./lib/proc.mjs";
import { httpLoad, mailLoad, timeline } from "./lib/tools.mjs";

const CONNS = 20; // to the sink, and of the load
const WARM = 200;
const FILL = 2; // mails a millisecond that both can be filled with at the least
const count = Number(process.env.COUNT || 30000);
const subscribers = Number(process.env.SUBSCRIBERS ?? 10000);
// Postfix's rates do not depend on the count; its runs need not take minutes.
const postfixCount = Math.min(count, 5000);

const line = "Dear customer, your parcel is out for delivery today between nine and eleven.";
const text = Array(49).fill(line); // with its header a mail of 4 KB

function same(what, got, want) {
	if (got !== want) throw new Error(`${what}: ${got} instead of ${want}`);
}

// smtp-sink, which counts into a file.
async function startSink(dir) {
	const port = await freePort();
	const file = join(dir, "sink.count");
	const sink = new Proc("sh", ["-c", 'exec smtp-sink -c -u nobody "127.0.0.1:$1" 1000 >"$0"', file, port], { log: join(dir, "sink.err") });
	await until("smtp-sink to listen", () => accepts(port));
	const mails = () => Number(/.*mesg=(\d+)/s.exec(readFileSync(file, "latin1").slice(-120))?.[1] ?? 0);
	return { port, mails, stop: () => sink.stop("SIGKILL") };
}

// Waits for what the test tells, and gives the time of it.
async function moment(what, test, ms) {
	for (const end = now() + 600e9; !(await test()); await pause(ms)) if (now() > end) throw new Error(`waited in vain for ${what}`);
	return now();
}

const rates = ({ load, last, n, cpu }) => ({
	rate: n / ((last - load.start_ns) / 1e9),
	accept_rate: load.rate,
	accept_p99_ms: load.answer_p99_ms,
	cpu_per_100k: (cpu * 1e5) / n,
});

// ---- out: all is accepted and on disk before the first goes out, so the figure is that of the queue, of both

const drained = ({ load, first, last, n, cpu }) => ({
	rate: n / ((last - first) / 1e9),
	cpu_per_100k: (cpu * 1e5) / n,
	accept_rate: load.rate,
	accept_p99_ms: load.answer_p99_ms,
});

// The load is told to send at one time, late enough that all is accepted before.
async function gatewayOut() {
	const dir = freshDir("gateway");
	const sink = await startSink(dir);
	const g = await startGateway({ dir, email: { hosts: `127.0.0.1:${sink.port}`, connections: CONNS } });
	const mail = { to: "c{c}@people.example", channel: "email", subject: "Your parcel {n}", text: text.join("\n") };
	const load = { port: g.port, conns: CONNS, path: "/v1/messages", subscribers, header: g.header };
	const sent = async () => {
		const figures = await fetch(`http://127.0.0.1:${g.port}/metrics`).then((r) => r.text());
		return Number(/^threadline_outbound_sent_total\{account="main"\} (\d+)/m.exec(figures)[1]);
	};
	const through = (n) => moment("the gateway", async () => sink.mails() >= n && (await sent()) >= n, 10);
	await httpLoad({ ...load, body: JSON.stringify(mail), count: WARM, first: 90000000 });
	await through(WARM);
	const due = Date.now() + 5000 + count / FILL;
	const done = await httpLoad({ ...load, body: JSON.stringify({ ...mail, send_at: new Date(due).toISOString() }), count });
	if (Date.now() > due) throw new Error(`the mails were due before all were accepted (${done.rate}/s)`);
	const queued_mb = g.resident() / 1024;
	await pause(due - Date.now() - 20);
	const cpu = g.cpu();
	await pause(due - Date.now());
	const first = now();
	const last = await through(WARM + count);
	const used = g.cpu() - cpu;
	const resident_mb = g.resident() / 1024;
	await g.stop();
	same("mails at the sink", sink.mails(), WARM + count);
	await sink.stop();
	same("deliveries in the store", timeline("count", g.dsn).sent, WARM + count);
	return { ...drained({ load: done, first, last, n: count, cpu: used }), queued_mb, resident_mb };
}

// What the gateway writes for the same text.
function mailFile(dir) {
	const header = [
		"Date: Mon, 05 Jan 2026 09:00:00 +0000",
		"From: Care Team <care@shop.example>",
		"To: c{c}@people.example",
		"Subject: Your parcel {n}",
		"Message-ID: <019b8f4e-0000-7000-8000-0000{m}.1@shop.example>",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
		"Content-Transfer-Encoding: 7bit",
	];
	const file = join(dir, "mail");
	writeFileSync(file, [...header, "", ...text, ""].join("\r\n"));
	return file;
}

const postfixBest = {
	in_flow_delay: "0",
	default_process_limit: 100,
	smtpd_client_connection_count_limit: 0,
	hash_queue_names: "deferred, defer",
};

async function postfixOut() {
	const dir = freshDir("postfix");
	const sink = await startSink(dir);
	const host = `[127.0.0.1]:${sink.port}`;
	const settings = {
		...postfixBest,
		relayhost: host,
		default_destination_concurrency_limit: CONNS,
		initial_destination_concurrency: CONNS,
		smtp_connection_cache_destinations: host,
	};
	const p = await Postfix.start(settings, { relays: false });
	const load = { port: p.port, mail: mailFile(dir), from: "care@shop.example", to: "c{c}@people.example", conns: CONNS, senders: subscribers };
	const done = await mailLoad({ ...load, count: postfixCount });
	same("mails in Postfix's queue", p.queued(), postfixCount);
	const cpu = p.cpu();
	const first = now();
	p.relay();
	const last = await moment("Postfix", () => sink.mails() >= postfixCount && p.queued() === 0, 10);
	const used = p.cpu() - cpu;
	await p.stop();
	await sink.stop();
	return drained({ load: done, first, last, n: postfixCount, cpu: used });
}

function needPostfix() {
	const missing = postfixMissing();
	if (missing) throw new Error(`${missing} (etc/packages.sh bench)`);
}

async function outbound() {
	needPostfix();
	const ours = await gatewayOut();
	const theirs = await postfixOut();
	return [
		{ name: "email.out", value: ours.rate, peer_value: theirs.rate, detail: { ours, theirs } },
		{ name: "email.out_cpu", value: ours.cpu_per_100k, peer_value: theirs.cpu_per_100k },
	];
}

// ---- in

// Each customer's mails answer the one before, so that threading has something to find.
function question(dir) {
	const header = [
		"Date: Mon, 05 Jan 2026 09:00:00 +0000",
		"From: Customer {c} <c{c}@people.example>",
		"To: Care Team <care@shop.example>",
		"Subject: Re: Your parcel",
		"Message-ID: <{m}@people.example>",
		"In-Reply-To: <{p}@people.example>",
		"References: <{p}@people.example>",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
		"Content-Transfer-Encoding: 7bit",
	];
	const file = join(dir, "mail");
	writeFileSync(file, [...header, "", ...text, ""].join("\r\n"));
	return file;
}

// Every acknowledgement comes after the commit, so the load's own end is the end.
async function gatewayIn() {
	const dir = freshDir("gateway");
	const sink = await startSink(dir); // an account is up when its way out is
	const port = await freePort();
	const g = await startGateway({ dir, email: { hosts: `127.0.0.1:${sink.port}`, lmtp: `127.0.0.1:${port}` } });
	const load = { port, lmtp: true, mail: question(dir), conns: CONNS, senders: subscribers };
	await mailLoad({ ...load, count: WARM, first: 90000000 });
	const cpu = g.cpu();
	const done = await mailLoad({ ...load, count });
	const used = g.cpu() - cpu;
	const resident_mb = g.resident() / 1024;
	await g.stop();
	await sink.stop();
	same("mails in the store", timeline("count", g.dsn).inbound, WARM + count);
	return { ...rates({ load: done, last: done.end_ns, n: count, cpu: used }), resident_mb };
}

// local(8) delivers as nobody to a maildir that an alias names; it may do so as often at once as the load has connections.
async function postfixIn() {
	const dir = freshDir("postfix");
	let maildir;
	const p = await Postfix.start((own) => {
		maildir = join(own, "maildir");
		for (const d of ["", "tmp", "new", "cur"]) {
			mkdirSync(join(maildir, d));
			chownSync(join(maildir, d), 65534, 65534);
		}
		writeFileSync(join(own, "aliases"), `care ${maildir}/\n`);
		return {
			...postfixBest,
			mydestination: "shop.example",
			alias_maps: `texthash:${own}/aliases`,
			local_recipient_maps: "",
			local_destination_concurrency_limit: CONNS,
			initial_destination_concurrency: CONNS,
		};
	});
	const load = { port: p.port, mail: question(dir), conns: CONNS, senders: subscribers };
	const through = (n) => moment("Postfix", () => p.queued() === 0 && readdirSync(join(maildir, "new")).length >= n, 10);
	await mailLoad({ ...load, count: WARM, first: 90000000 });
	await through(WARM);
	const cpu = p.cpu();
	const done = await mailLoad({ ...load, count: postfixCount });
	const last = await through(WARM + postfixCount);
	const used = p.cpu() - cpu;
	await p.stop();
	return rates({ load: done, last, n: postfixCount, cpu: used });
}

async function inbound() {
	needPostfix();
	const ours = await gatewayIn();
	const theirs = await postfixIn();
	return [{ name: "email.in", value: ours.rate, peer_value: theirs.rate, detail: { ours, theirs } }];
}

export const figures = [
	{ name: "email.out", unit: "mails/s", peer: "Postfix, same sink", target: ["ratio", ">=", 10], measure: outbound },
	{ name: "email.out_cpu", unit: "CPU s / 100,000", peer: "Postfix, same sink", target: ["ratio", "<=", 0.1], measure: outbound },
	{ name: "email.in", unit: "mails/s", peer: "Postfix to a maildir", target: ["ratio", ">=", 3], measure: inbound },
];
