// A smart host (npm smtp-server) whose mail is read by somebody else's parser (npm mailparser).
import { createRequire } from "node:module";
import { until } from "./wait.mjs";

const require = createRequire(import.meta.url);
const { SMTPServer } = require("smtp-server");
const { simpleParser } = require("mailparser");

export const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });

export class SmartHost {
	// recipient(address, mail), content(mail): throw a refusal(code, text) to refuse. options: as of smtp-server.
	constructor({ recipient, content, ...options } = {}) {
		this.mails = [];
		this.sessions = new Set();
		this.connections = 0;
		this.server = new SMTPServer({
			disabledCommands: options.key ? [] : ["STARTTLS", "AUTH"],
			authOptional: true,
			disableReverseLookup: true,
			logger: false,
			closeTimeout: 100,
			...options,
			onConnect: (session, done) => {
				this.connections++;
				done();
			},
			onAuth: (auth, session, done) => {
				const good = auth.username === "user" && auth.password === "secret";
				done(good ? null : refusal(535, "5.7.8 wrong user or password"), good ? { user: "user" } : undefined);
			},
			onRcptTo: (address, session, done) => this.#ask(() => recipient?.(address.address, session), done),
			onData: (stream, session, done) => {
				const parts = [];
				stream.on("data", (p) => parts.push(p));
				stream.on("end", async () => {
					const raw = Buffer.concat(parts);
					const mail = {
						raw,
						text: raw.toString("latin1"),
						from: session.envelope.mailFrom.address,
						to: session.envelope.rcptTo.map((r) => r.address),
						secure: session.secure,
						user: session.user,
						hello: session.hostNameAppearsAs,
						args: session.envelope.mailFrom.args,
					};
					this.#ask(() => content?.(mail, session), (error) => {
						if (!error) this.mails.push(mail);
						done(error);
					});
				});
			},
		});
		this.server.on("error", () => {}); // a peer that breaks off is what some tests do
	}

	async #ask(question, done) {
		try {
			const answer = await question();
			if (answer !== "silent") done();
		} catch (e) {
			done(e);
		}
	}

	listen(port = 0) {
		return new Promise((resolve, reject) => {
			this.server.server.once("error", reject);
			this.server.listen(port, "127.0.0.1", () => {
				this.port = this.server.server.address().port;
				resolve(this);
			});
		});
	}

	close() {
		return new Promise((done) => this.server.close(done));
	}

	// Breaks every connection off at once.
	cut() {
		for (const c of this.server.connections) c._socket?.destroy();
	}

	// The mail to this address, read by mailparser.
	async mailTo(address) {
		const mail = await until(`mail to ${address}`, () => this.mails.find((m) => m.to.includes(address)));
		return { ...mail, parsed: await simpleParser(mail.raw) };
	}
}
