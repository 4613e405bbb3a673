/*
 * Threadline web chat widget.  <script src="https://gateway.example/widget.js" data-site="main" async></script>
 *
 * No third party, no inline style or script: the page's Content-Security-Policy needs only this origin in script-src,
 * connect-src and img-src. Everything lives in a shadow tree, so the page and the chat cannot disturb each other.
 *
 * A message is written to local storage before it is sent, under an id of its own, and sent again until the gateway has
 * said that it is stored; the gateway keeps one per id. So neither a reload nor a lost network loses or doubles anything.
 *
 * Attributes: data-site (required), data-external-id + data-hmac + data-name (a signed-in user, signed by the site's back
 * end), data-open="true". From scripts: Threadline.open(), .close(), .identify({external_id, hmac, name}).
 */
(() => {
	"use strict";
	const script = document.currentScript;
	const site = script && script.dataset.site;
	if (!site || window.Threadline) return;
	const base = new URL(script.src).origin;
	const api = `${base}/web/${encodeURIComponent(site)}`;

	const words = {
		en: { open: "Open chat", close: "Close chat", write: "Write a message", send: "Send", attach: "Attach a file", typing: "is typing…", sending: "sending", sent: "sent", failed: "not sent: tap to try again", offline: "No connection. Your messages are kept and sent later.", name: "Your name", phone: "Phone number", email: "Email", start: "Start", skip: "Skip", form: "So that we can answer even when you have left:", you: "You", we: "Support", unread: "new messages", tooLarge: "This file is too large.", refused: "This type of file is not taken.", log: "Messages" },
		de: { open: "Chat öffnen", close: "Chat schließen", write: "Nachricht schreiben", send: "Senden", attach: "Datei anhängen", typing: "schreibt…", sending: "wird gesendet", sent: "gesendet", failed: "nicht gesendet: zum Wiederholen tippen", offline: "Keine Verbindung. Ihre Nachrichten bleiben erhalten und werden später gesendet.", name: "Ihr Name", phone: "Telefonnummer", email: "E-Mail", start: "Los", skip: "Überspringen", form: "Damit wir auch antworten können, wenn Sie gegangen sind:", you: "Sie", we: "Support", unread: "neue Nachrichten", tooLarge: "Diese Datei ist zu groß.", refused: "Dieser Dateityp wird nicht angenommen.", log: "Nachrichten" },
		fr: { open: "Ouvrir le chat", close: "Fermer le chat", write: "Écrire un message", send: "Envoyer", attach: "Joindre un fichier", typing: "écrit…", sending: "envoi", sent: "envoyé", failed: "non envoyé : toucher pour réessayer", offline: "Pas de connexion. Vos messages sont conservés et envoyés plus tard.", name: "Votre nom", phone: "Téléphone", email: "E-mail", start: "Commencer", skip: "Passer", form: "Pour vous répondre même après votre départ :", you: "Vous", we: "Support", unread: "nouveaux messages", tooLarge: "Ce fichier est trop grand.", refused: "Ce type de fichier n’est pas accepté.", log: "Messages" },
		es: { open: "Abrir chat", close: "Cerrar chat", write: "Escriba un mensaje", send: "Enviar", attach: "Adjuntar archivo", typing: "está escribiendo…", sending: "enviando", sent: "enviado", failed: "no enviado: toque para reintentar", offline: "Sin conexión. Sus mensajes se guardan y se envían después.", name: "Su nombre", phone: "Teléfono", email: "Correo", start: "Empezar", skip: "Omitir", form: "Para responderle aunque se haya ido:", you: "Usted", we: "Soporte", unread: "mensajes nuevos", tooLarge: "El archivo es demasiado grande.", refused: "Este tipo de archivo no se acepta.", log: "Mensajes" },
	};
	const t = words[(document.documentElement.lang || navigator.language || "en").slice(0, 2)] || words.en;

	// ---- what is kept in the browser ----
	const storeKey = `threadline:${base}:${site}`;
	let kept = { token: "", queue: [], asked: false };
	try { kept = { ...kept, ...JSON.parse(localStorage.getItem(storeKey) || "{}") }; } catch { /* private mode: memory only */ }
	const keep = () => { try { localStorage.setItem(storeKey, JSON.stringify(kept)); } catch { /* as above */ } };

	// ---- state ----
	const entries = new Map(); // id or client_id → entry
	let config = null, isOpen = false, online = true, lastId = "", typingUntil = 0, readUpto = "", unread = 0;
	let identity = script.dataset.externalId ? { external_id: script.dataset.externalId, hmac: script.dataset.hmac, name: script.dataset.name || "" } : null;
	let streaming = null, sending = false, sessionPromise = null;

	const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
	const newId = () => (crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join(""));

	async function call(path, options = {}) {
		const headers = { ...(options.headers || {}) };
		if (kept.token) headers.Authorization = `Bearer ${kept.token}`;
		if (options.json !== undefined) {
			headers["Content-Type"] = "application/json";
			options.body = JSON.stringify(options.json);
		}
		return fetch(api + path, { method: options.method || "POST", headers, body: options.body, signal: options.signal, credentials: "omit" });
	}

	// ---- session and stream ----
	async function session() {
		const r = await call("/session", { json: { token: kept.token, identity: identity || undefined } });
		if (!r.ok) throw Object.assign(new Error("session"), { status: r.status });
		const s = await r.json();
		kept.token = s.token;
		keep();
		config = s.config;
		ui.configure();
		for (const m of s.messages) receive(m, false);
		ui.render();
		return s;
	}

	function ensureSession() {
		if (!sessionPromise) {
			sessionPromise = (async () => {
				for (let wait = 500; ; wait = Math.min(wait * 2, 30000)) {
					try {
						await session();
						setOnline(true);
						stream();
						flush();
						return;
					} catch (e) {
						if (e.status === 401 && identity) { identity = null; continue; }
						if (e.status === 403) { console.warn("threadline: this origin is not allowed for site", site); return; }
						setOnline(false);
						await sleep(wait + Math.random() * wait);
					}
				}
			})();
		}
		return sessionPromise;
	}

	function setOnline(v) {
		if (online !== v) { online = v; ui.render(); }
	}

	async function stream() {
		if (streaming) return;
		let wait = 500;
		for (;;) {
			const abort = new AbortController();
			streaming = abort;
			try {
				const r = await call("/stream", { method: "GET", signal: abort.signal, headers: lastId ? { "Last-Event-ID": lastId } : {} });
				if (r.status === 401) { streaming = null; kept.token = ""; sessionPromise = null; return ensureSession(); }
				if (!r.ok) throw new Error(String(r.status));
				setOnline(true);
				wait = 500;
				await readEvents(r.body.getReader());
			} catch { /* the network went: come back */ }
			setOnline(navigator.onLine !== false && document.visibilityState === "hidden" ? online : false);
			await Promise.race([sleep(wait + Math.random() * wait), new Promise((res) => addEventListener("online", res, { once: true }))]);
			wait = Math.min(wait * 2, 15000);
		}
	}

	async function readEvents(reader) {
		const decoder = new TextDecoder();
		let text = "";
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			text += decoder.decode(value, { stream: true });
			for (let at; (at = text.indexOf("\n\n")) >= 0; text = text.slice(at + 2)) dispatch(text.slice(0, at));
		}
	}

	function dispatch(block) {
		let event = "message", data = "", id = "";
		for (const line of block.split("\n")) {
			if (line.startsWith("event: ")) event = line.slice(7);
			else if (line.startsWith("data: ")) data += line.slice(6);
			else if (line.startsWith("id: ")) id = line.slice(4);
		}
		if (!data) return;
		const v = JSON.parse(data);
		if (event === "message") receive(v, true);
		else if (event === "echo") receive({ ...v.content, id: v.id, client_id: v.client_id, at: v.at, direction: "inbound" }, true);
		else if (event === "typing") { typingUntil = v.typing ? Date.now() + 6000 : 0; setTimeout(() => ui.render(), 6100); }
		if (id && id > lastId) lastId = id;
		flush();
		ui.render();
	}

	function receive(m, live) {
		const known = entries.get(m.id);
		if (m.client_id && entries.has(m.client_id)) {
			const mine = entries.get(m.client_id);
			entries.delete(m.client_id);
			entries.set(m.id, { ...mine, ...m, state: "sent" });
		} else {
			entries.set(m.id, { ...known, ...m, state: "sent" });
		}
		if (m.id > lastId) lastId = m.id;
		if (known || m.direction !== "outbound") return;
		if (live || m.status === "sent") call("/signal", { json: { kind: "delivered", ids: [m.id] } }).catch(() => {});
		if (live) { typingUntil = 0; if (!isOpen) unread++; }
		markRead();
	}

	function markRead() {
		if (!isOpen || document.visibilityState !== "visible") return;
		let upto = "";
		for (const e of entries.values()) if (e.direction === "outbound" && e.id > upto) upto = e.id;
		if (upto > readUpto) {
			readUpto = upto;
			call("/signal", { json: { kind: "read", upto } }).catch(() => { readUpto = ""; });
		}
	}

	// ---- the visitor's own messages: kept, then sent, in order ----
	function enqueue(text, attachments) {
		const m = { client_id: newId(), text, attachments, at: new Date().toISOString() };
		kept.queue.push(m);
		keep();
		ui.render();
		ensureSession().then(flush);
	}

	async function flush() {
		if (sending || !kept.token) return;
		sending = true;
		try {
			for (let m; (m = kept.queue.find((q) => !q.failed)); ) {
				const r = await call("/message", { json: { client_id: m.client_id, text: m.text, attachments: m.attachments, page: location.href.slice(0, 2000) } });
				if (r.ok) {
					const s = await r.json();
					kept.queue = kept.queue.filter((q) => q !== m);
					entries.set(s.id, { ...m, ...s.content, id: s.id, at: s.at, direction: "inbound", state: "sent" });
				} else if (r.status === 429 || r.status >= 500) {
					await sleep(1000 * Number(r.headers.get("Retry-After") || 2));
				} else if (r.status === 401) {
					kept.token = ""; sessionPromise = null; ensureSession();
					break;
				} else {
					m.failed = true;
				}
				keep();
				ui.render();
			}
		} catch {
			setOnline(false);
			setTimeout(() => { sending = false; flush(); }, 2000);
			return;
		}
		sending = false;
	}

	async function upload(file) {
		await ensureSession();
		if (config && file.size > config.max_file) return ui.notice(t.tooLarge);
		const r = await call(`/file?name=${encodeURIComponent(file.name)}`, { body: file, headers: { "Content-Type": "application/octet-stream" } });
		if (r.ok) enqueue("", [await r.json()]);
		else ui.notice(r.status === 413 ? t.tooLarge : t.refused);
	}

	// ---- what is seen ----
	const css = `
:host { all: initial; }
* { box-sizing: border-box; font: 15px/1.45 system-ui, sans-serif; }
[hidden] { display: none !important; }
.bubble { position: fixed; right: 20px; bottom: 20px; width: 60px; height: 60px; border: 0; border-radius: 50%; background: var(--c); color: #fff; cursor: pointer; box-shadow: 0 4px 16px #0004; z-index: 2147483000; }
.bubble svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 2; vertical-align: middle; }
.badge { position: absolute; top: -4px; right: -4px; min-width: 22px; padding: 0 6px; border-radius: 11px; background: #c8102e; color: #fff; font-size: 13px; line-height: 22px; }
.panel { position: fixed; right: 20px; bottom: 92px; width: min(380px, calc(100vw - 24px)); height: min(600px, calc(100vh - 112px)); display: flex; flex-direction: column; background: #fff; color: #14171a; border-radius: 14px; overflow: hidden; box-shadow: 0 10px 40px #0005; z-index: 2147483000; }
header { display: flex; align-items: center; justify-content: space-between; padding: 14px 16px; background: var(--c); color: #fff; }
h2 { margin: 0; font-size: 17px; font-weight: 600; }
header button { background: none; border: 0; color: inherit; font-size: 22px; line-height: 1; cursor: pointer; padding: 4px 8px; border-radius: 6px; }
.log { flex: 1; overflow-y: auto; padding: 14px; display: flex; flex-direction: column; gap: 8px; overscroll-behavior: contain; }
.m { max-width: 82%; padding: 8px 12px; border-radius: 14px; white-space: pre-wrap; overflow-wrap: anywhere; }
.m.in { align-self: flex-end; background: var(--c); color: #fff; border-bottom-right-radius: 4px; }
.m.out { align-self: flex-start; background: #eef0f3; border-bottom-left-radius: 4px; }
.m small { display: block; font-size: 12px; opacity: .85; margin-top: 2px; }
.m img { max-width: 100%; border-radius: 8px; display: block; }
.m a { color: inherit; }
.m.failed { background: #8f1d2c; cursor: pointer; }
.note { padding: 6px 14px; background: #fff4d6; color: #4d3800; font-size: 13px; }
.typing { color: #5b6570; font-size: 13px; padding: 0 14px 6px; min-height: 24px; }
form { display: flex; gap: 8px; padding: 10px; border-top: 1px solid #dfe3e8; align-items: flex-end; }
textarea, input:not([type=file]) { flex: 1; width: 100%; border: 1px solid #8a94a0; border-radius: 10px; padding: 8px 10px; background: #fff; color: inherit; resize: none; }
textarea { max-height: 120px; }
form button, .attach { border: 0; border-radius: 10px; padding: 9px 14px; background: var(--c); color: #fff; cursor: pointer; }
.attach { background: #eef0f3; color: #14171a; padding: 9px 11px; }
.pre { flex-direction: column; align-items: stretch; padding: 16px; border: 0; }
.pre label { display: block; font-size: 13px; }
.row { display: flex; gap: 8px; justify-content: flex-end; }
.plain { background: #eef0f3 !important; color: #14171a !important; }
:focus-visible { outline: 3px solid #ffb000; outline-offset: 2px; }
.vh { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 480px) { .panel { right: 0; bottom: 0; width: 100vw; height: 100vh; border-radius: 0; } }
@media (prefers-color-scheme: dark) { .panel { background: #16191d; color: #eceff2; } .m.out, .attach, .plain { background: #2a3037 !important; color: #eceff2 !important; } textarea, input:not([type=file]) { background: #20252b; border-color: #5b6570; } form { border-color: #2a3037; } .typing { color: #aab4bf; } }
`;
	function el(tag, props = {}, ...children) {
		const e = document.createElement(tag);
		for (const [k, v] of Object.entries(props)) {
			if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
			else if (v === true) e.setAttribute(k, "");
			else if (v !== false && v !== undefined && v !== null) e.setAttribute(k, v);
		}
		e.append(...children.filter((c) => c !== null && c !== undefined));
		return e;
	}

	const ui = (() => {
		const host = el("div", { "data-threadline": site });
		const root = host.attachShadow({ mode: "open" });
		const sheet = new CSSStyleSheet();
		sheet.replaceSync(css + ":host { --c: #0b5fff; }");
		root.adoptedStyleSheets = [sheet];

		const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
		icon.setAttribute("viewBox", "0 0 24 24");
		icon.setAttribute("aria-hidden", "true");
		const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
		path.setAttribute("d", "M4 5h16v11H9l-5 4z");
		icon.append(path);
		const badge = el("span", { class: "badge", hidden: true });
		const bubble = el("button", { class: "bubble", type: "button", "aria-label": t.open, "aria-expanded": "false", onclick: () => toggle() }, icon, badge);
		const title = el("h2", { id: "title" }, "");
		const log = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t.log, tabindex: "0" });
		const note = el("div", { class: "note", role: "status", hidden: true });
		const typing = el("div", { class: "typing", role: "status" });
		const text = el("textarea", { rows: "1", id: "text", "aria-label": t.write, placeholder: t.write, maxlength: "4000" });
		const file = el("input", { type: "file", class: "vh", id: "file", tabindex: "-1", "aria-hidden": "true" });
		const attach = el("button", { type: "button", class: "attach", "aria-label": t.attach, onclick: () => file.click() }, "+");
		const form = el("form", { onsubmit: submit }, attach, file, text, el("button", { type: "submit" }, t.send));
		const pre = prechatForm();
		const panel = el("section", { class: "panel", role: "dialog", "aria-modal": "false", "aria-labelledby": "title", hidden: true, onkeydown: (e) => { if (e.key === "Escape") toggle(false); } },
			el("header", {}, title, el("button", { type: "button", "aria-label": t.close, onclick: () => toggle(false) }, "×")),
			note, log, typing, pre, form);
		root.append(panel, bubble);
		file.addEventListener("change", () => { if (file.files[0]) upload(file.files[0]); file.value = ""; });
		text.addEventListener("keydown", (e) => { if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); submit(e); } });
		let typedAt = 0;
		text.addEventListener("input", () => {
			text.style.height = "auto";
			text.style.height = `${Math.min(text.scrollHeight, 120)}px`;
			if (kept.token && Date.now() - typedAt > 3000) { typedAt = Date.now(); call("/signal", { json: { kind: "typing" } }).catch(() => {}); }
		});

		function prechatForm() {
			const name = el("input", { id: "name", autocomplete: "name" }), phone = el("input", { id: "phone", type: "tel", autocomplete: "tel" }), email = el("input", { id: "email", type: "email", autocomplete: "email" });
			const done = () => { kept.asked = true; keep(); render(); text.focus(); };
			const skip = el("button", { type: "button", class: "plain", onclick: done }, t.skip);
			const f = el("form", { class: "pre", hidden: true, onsubmit: async (e) => {
				e.preventDefault();
				await ensureSession();
				const r = await call("/contact", { json: { name: name.value, phone: phone.value, email: email.value } }).catch(() => null);
				if (r && r.ok) done();
				else if (r) notice((await r.json()).detail);
			} }, el("p", {}, t.form),
			el("label", { for: "name" }, t.name), name, el("label", { for: "phone" }, t.phone), phone, el("label", { for: "email" }, t.email), email,
			el("div", { class: "row" }, skip, el("button", { type: "submit" }, t.start)));
			f.skip = skip;
			return f;
		}

		function submit(e) {
			e.preventDefault();
			const value = text.value.trim();
			if (!value) return;
			text.value = "";
			text.style.height = "auto";
			enqueue(value, []);
		}

		function toggle(v = !isOpen) {
			isOpen = v;
			panel.hidden = !v;
			bubble.setAttribute("aria-expanded", String(v));
			bubble.setAttribute("aria-label", v ? t.close : t.open);
			if (v) { unread = 0; ensureSession(); render(); markRead(); text.focus(); } else { bubble.focus(); }
			render();
		}

		const nodes = new Map();
		function entryNode(key, m) {
			const state = m.state || (m.failed ? "failed" : "sending");
			const mark = `${state}|${m.status || ""}`;
			const old = nodes.get(key);
			if (old && old.dataset.mark === mark) return old;
			const mine = m.direction !== "outbound";
			const n = el("div", { class: `m ${mine ? "in" : "out"}${state === "failed" ? " failed" : ""}`, "data-mark": mark, "data-id": m.id || "" },
				el("span", { class: "vh" }, `${mine ? t.you : m.author || t.we}: `), m.text || "");
			for (const f of m.attachments || []) {
				const href = f.url ? base + f.url : undefined;
				n.append(href && /^image\//.test(f.type) ? el("a", { href, target: "_blank", rel: "noopener" }, el("img", { src: href, alt: f.name })) : el("a", { href, target: "_blank", rel: "noopener", download: f.name }, `📎 ${f.name}`));
			}
			if (mine && state !== "sent") n.append(el("small", {}, state === "failed" ? t.failed : t.sending));
			if (state === "failed") n.addEventListener("click", () => { delete m.failed; keep(); flush(); });
			if (old) old.replaceWith(n);
			nodes.set(key, n);
			return n;
		}

		function render() {
			const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
			const list = [...entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map((m) => [m.client_id || m.id, m]);
			for (const q of kept.queue) list.push([q.client_id, q]);
			let previous = null;
			const seen = new Set();
			if (config && !log.querySelector(".greeting")) log.prepend(el("div", { class: "m out greeting" }, config.greeting));
			previous = log.querySelector(".greeting");
			for (const [key, m] of list) {
				if (seen.has(key)) continue;
				seen.add(key);
				const n = entryNode(key, m);
				if ((previous ? previous.nextSibling : log.firstChild) !== n) (previous ? previous.after(n) : log.prepend(n));
				previous = n;
			}
			for (const [key, n] of nodes) if (!seen.has(key)) { n.remove(); nodes.delete(key); }
			if (atEnd) log.scrollTop = log.scrollHeight;
			typing.textContent = Date.now() < typingUntil ? `${t.we} ${t.typing}` : "";
			note.hidden = online;
			if (!online) note.textContent = t.offline;
			badge.hidden = !unread;
			badge.textContent = unread ? String(unread) : "";
			badge.setAttribute("aria-label", `${unread} ${t.unread}`);
			const ask = !!config && config.prechat !== "off" && !kept.asked && !identity && entries.size === 0 && kept.queue.length === 0;
			pre.hidden = !ask;
			pre.skip.hidden = !!config && config.prechat === "required";
			form.hidden = ask && config.prechat === "required";
		}

		function notice(s) {
			note.hidden = false;
			note.textContent = s;
			setTimeout(render, 5000);
		}

		function configure() {
			title.textContent = config.title;
			text.maxLength = config.max_text;
			file.accept = config.file_types;
			if (/^#[0-9a-f]{3,8}$/i.test(config.color)) sheet.replaceSync(`${css}:host { --c: ${config.color}; }`);
		}

		const attachTo = () => document.body.append(host);
		if (document.body) attachTo();
		else addEventListener("DOMContentLoaded", attachTo);
		return { render, notice, configure, toggle };
	})();

	addEventListener("online", () => { flush(); });
	document.addEventListener("visibilitychange", () => { markRead(); flush(); });
	window.Threadline = {
		open: () => ui.toggle(true),
		close: () => ui.toggle(false),
		identify: (who) => { identity = who; sessionPromise = null; return ensureSession(); },
	};
	if (kept.token || kept.queue.length || identity) ensureSession();
	if (script.dataset.open === "true") ui.toggle(true);
})();
