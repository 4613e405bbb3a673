// A Dovecot of our own: no privileges, its own folder and ports, one password for everybody. Mail is put into its maildirs as
// a delivery agent does.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "./gateway.mjs";
import { until } from "./wait.mjs";

const binary = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"].find(existsSync);
export const dovecotMissing = binary ? false : "dovecot-imapd is not installed";

const id = (flag, name) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));

export class Dovecot {
	// tls: { key, cert }, files in PEM
	static async start({ tls } = {}) {
		const d = new Dovecot();
		d.dir = mkdtempSync(join(tmpdir(), "threadline-dovecot-"));
		d.port = await freePort();
		d.tlsPort = await freePort();
		const root = userInfo().uid === 0;
		const user = root ? "nobody" : userInfo().username; // Dovecot serves no mail of root's
		const group = execFileSync("id", ["-gn", user], { encoding: "utf8" }).trim();
		d.owner = [id("-u", user), id("-g", user)];
		for (const sub of ["mail", "run", "state"]) mkdirSync(join(d.dir, sub));
		chmodSync(d.dir, 0o755);
		chownSync(join(d.dir, "mail"), ...d.owner);
		writeFileSync(join(d.dir, "dovecot.conf"), `
base_dir = ${d.dir}/run
state_dir = ${d.dir}/state
log_path = ${d.dir}/log
protocols = imap
listen = 127.0.0.1
ssl = ${tls ? "yes" : "no"}
${tls ? `ssl_cert = <${tls.cert}\nssl_key = <${tls.key}` : ""}
disable_plaintext_auth = no
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
first_valid_uid = 1
mail_location = maildir:${d.dir}/mail/%u
namespace inbox {
  inbox = yes
  separator = /
  mailbox Done {
    auto = create
  }
  mailbox Erledigtes/Grün {
    auto = create
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${d.port}
  }
  inet_listener imaps {
    port = ${tls ? d.tlsPort : 0}
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
auth_failure_delay = 0
service auth-worker {
  user = ${user}
}
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=${d.owner[0]} gid=${d.owner[1]} home=${d.dir}/mail/%u
}
`);
		await d.run();
		return d;
	}

	async run() {
		this.child = spawn(binary, ["-F", "-c", join(this.dir, "dovecot.conf")], { stdio: ["ignore", "pipe", "pipe"] });
		this.said = "";
		this.child.stdout.on("data", (t) => (this.said += t));
		this.child.stderr.on("data", (t) => (this.said += t));
		this.gone = new Promise((done) => this.child.once("close", done));
		await until("Dovecot to listen", () =>
			new Promise((done) => {
				if (this.child.exitCode !== null) throw Object.assign(new Error(this.said + this.log()), { fatal: true });
				const s = connect(this.port, "127.0.0.1");
				s.once("data", () => (s.destroy(), done(true)));
				s.once("error", () => done(false));
			}),
		);
	}

	log() {
		return existsSync(join(this.dir, "log")) ? readFileSync(join(this.dir, "log"), "utf8") : "";
	}

	// Puts a mail into a mailbox; flags: "S" for one that has been read.
	deliver(user, raw, { flags, mailbox } = {}) {
		const dir = join(this.dir, "mail", user, mailbox ? `.${mailbox}` : "");
		const made = [join(this.dir, "mail", user), dir, ...["cur", "new", "tmp"].map((s) => join(dir, s))];
		for (const path of made) if (!existsSync(path)) mkdirSync(path), chownSync(path, ...this.owner);
		const name = `${Date.now()}.${process.pid}_${(this.n = (this.n ?? 0) + 1)}.here`;
		writeFileSync(join(dir, "tmp", name), raw);
		chownSync(join(dir, "tmp", name), ...this.owner);
		renameSync(join(dir, "tmp", name), flags ? join(dir, "cur", `${name}:2,${flags}`) : join(dir, "new", name));
	}

	// Flags of each mail in a mailbox: ["S", ""].
	flags(user, mailbox) {
		const dir = join(this.dir, "mail", user, mailbox ? `.${mailbox}` : "");
		const list = (sub) => (existsSync(join(dir, sub)) ? readdirSync(join(dir, sub)) : []);
		return [...list("cur").map((f) => /:2,(\w*)/.exec(f)?.[1] ?? ""), ...list("new").map(() => "")];
	}

	// Forgets the UIDs, as a mailbox that was restored from a copy has: UIDVALIDITY becomes another.
	forgetUids(user) {
		const dir = join(this.dir, "mail", user);
		for (const f of readdirSync(dir)) if (/^dovecot/.test(f)) rmSync(join(dir, f), { recursive: true });
	}

	async stop() {
		this.child?.kill("SIGTERM");
		await this.gone;
	}

	async close() {
		await this.stop();
		rmSync(this.dir, { recursive: true, force: true });
	}
}
