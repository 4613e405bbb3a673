// Postfix as a peer: an instance of its own in a temporary folder and on a free port, never the system's service. Wants
// Debian's package "postfix" and root, which Postfix's master insists on.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";

const ticks = Number(execFileSync("getconf", ["CLK_TCK"]));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Why it cannot run here; undefined: it can.
export function postfixMissing() {
	if (!existsSync("/usr/sbin/postfix")) return "Postfix is not installed";
	if (process.getuid() !== 0) return "Postfix wants root";
	return undefined;
}

function freePort() {
	return new Promise((done, fail) => {
		const s = createServer();
		s.once("error", fail);
		s.listen(0, "127.0.0.1", () => {
			const { port } = s.address();
			s.close(() => done(port));
		});
	});
}

const accepts = (port) =>
	new Promise((done) => {
		const s = connect(port, "127.0.0.1");
		s.once("connect", () => (s.destroy(), done(true)));
		s.once("error", () => done(false));
	});

const idOf = (user) => execFileSync("id", ["-u", user], { encoding: "utf8" }).trim();

// No service in a chroot: the folder has no copies of the system's files.
const services = (port, relays) => `127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
${relays ? "qmgr unix n - n 300 1 qmgr" : "# nobody reads the queue"}
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
local unix - n n - - local
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

const parameters = (dir) => ({
	compatibility_level: "3.6",
	queue_directory: `${dir}/spool`,
	data_directory: `${dir}/data`,
	mail_owner: "postfix",
	myhostname: "postfix.example",
	mydestination: "",
	inet_interfaces: "127.0.0.1",
	inet_protocols: "ipv4",
	mynetworks: "127.0.0.0/8",
	smtpd_relay_restrictions: "permit_mynetworks, reject",
	smtp_tls_security_level: "none",
	smtpd_tls_security_level: "none",
	maillog_file_prefixes: dir,
	maillog_file: `${dir}/maillog`,
	alias_maps: "",
	alias_database: "",
});

function stat(pid) {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, "utf8");
		const f = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
		return { parent: f[1], own: (f[11] + f[12]) / ticks, children: (f[13] + f[14]) / ticks };
	} catch {
		return { parent: 0, own: 0, children: 0 }; // it ended meanwhile
	}
}

export class Postfix {
	// settings: of main.cf, over the above; a function gets the folder and gives them. seconds: it ends by itself then.
	// relays: false: mails stay in the queue until relay() is called.
	static async start(settings = {}, { seconds = 900, relays = true } = {}) {
		const p = new Postfix();
		p.dir = mkdtempSync("/var/tmp/threadline-postfix-"); // on a disk: a queue in memory would not be one
		chmodSync(p.dir, 0o755);
		for (const d of ["etc", "spool", "data"]) mkdirSync(join(p.dir, d));
		chownSync(join(p.dir, "data"), Number(idOf("postfix")), 0);
		p.port = await freePort();
		const all = { ...parameters(p.dir), ...(typeof settings === "function" ? settings(p.dir) : settings) };
		writeFileSync(join(p.dir, "etc/main.cf"), Object.entries(all).map(([k, v]) => `${k} = ${v}\n`).join(""));
		writeFileSync(join(p.dir, "etc/master.cf"), services(p.port, relays));
		const etc = join(p.dir, "etc");
		execFileSync("postfix", ["-c", etc, "check"], { stdio: ["ignore", "ignore", "pipe"], timeout: 30000 });
		const daemons = execFileSync("postconf", ["-c", etc, "-h", "daemon_directory"], { encoding: "utf8" }).trim();
		p.child = spawn(join(daemons, "master"), ["-c", etc, "-s", "-e", String(seconds)], { stdio: "ignore" });
		p.gone = new Promise((done) => p.child.once("close", () => done((p.ended = true))));
		p.last = () => p.child.kill("SIGTERM");
		process.once("exit", p.last);
		for (let n = 0; !(await accepts(p.port)); n++) {
			if (p.ended || n > 500) throw new Error(`Postfix did not start: ${p.log()}`);
			await pause(20);
		}
		return p;
	}

	// The queue manager starts now.
	relay() {
		writeFileSync(join(this.dir, "etc/master.cf"), services(this.port, true));
		this.child.kill("SIGHUP");
	}

	log() {
		const file = join(this.dir, "maillog");
		return existsSync(file) ? readFileSync(file, "utf8") : "";
	}

	// Mails that it has taken and not yet delivered.
	queued() {
		return ["maildrop", "incoming", "active", "deferred"]
			.flatMap((q) => readdirSync(join(this.dir, "spool", q), { recursive: true, withFileTypes: true }))
			.filter((e) => e.isFile()).length;
	}

	// CPU seconds so far: of the master, of the services that run, of those that ended.
	cpu() {
		const master = stat(this.child.pid);
		const running = readdirSync("/proc").filter((p) => /^\d+$/.test(p)).map(stat).filter((s) => s.parent === this.child.pid);
		return master.own + master.children + running.reduce((sum, s) => sum + s.own + s.children, 0);
	}

	async stop() {
		process.off("exit", this.last);
		this.child.kill("SIGTERM");
		await this.gone;
		rmSync(this.dir, { recursive: true, force: true });
	}
}
