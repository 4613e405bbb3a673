// What the customer permits, what stands against marketing at the moment, and why something did not reach them.
import { html, useState, useEffect, useCallback } from "./lib.js";
import { get, post, call } from "./api.js";
import { listen } from "./stream.js";
import { moment, channelName } from "./format.js";

const stateName = { opt_in: "yes", opt_out: "no", unknown: "not asked" };
const words = (s) => s.replaceAll("_", " ");

function Why({ answer }) {
	return html`<div role="status"><p><b>${answer.allowed ? "Marketing may write." : "Marketing may not write."}</b></p>
		<ul>${answer.rules.map((r) => html`<li key=${r.rule}>${words(r.rule)}: <span class=${r.verdict === "yes" ? "ok" : "bad"}>${r.verdict}</span>${r.detail ? ` – ${words(r.detail)}` : ""}${r.until ? ` until ${moment(r.until)}` : ""}</li>`)}</ul></div>`;
}

// ids: everyone who is this customer, as a ref.
export function Permission({ id, me, ids }) {
	const [consents, setConsents] = useState([]);
	const [holds, setHolds] = useState([]);
	const [answer, setAnswer] = useState(null);
	const [error, setError] = useState("");
	const load = useCallback(() => Promise.all([
		get(`/v1/customers/${id}/consents`).then((r) => setConsents(r.data)),
		get(`/v1/customers/${id}/holds`).then((r) => setHolds(r.data.filter((h) => h.in_force))),
	]).catch((p) => setError(p.message)), [id]);
	useEffect(() => {
		load();
		return listen((e) => /^(consent|identity)\./.test(e.type) && ids.current.has(e.customer_id) && load());
	}, [id]);
	const go = (promise, then) => { setError(""); promise.then(then, (p) => setError(p.message)); };
	const hold = (e) => {
		e.preventDefault();
		const field = e.target.elements.reason;
		go(post(`/v1/customers/${id}/holds`, { reason: field.value.trim() }), () => { field.value = ""; setAnswer(null); load(); });
	};
	return html`<section class="permission" aria-label="Permission">
		<h3>Permission</h3>
		${error && html`<p role="alert" class="error">${error}</p>`}
		<dl>${consents.map((c) => html`<dt key=${`t${c.scheme}${c.address}`}>${channelName[c.channel]} ${c.scheme === "visitor" ? "" : c.address}</dt>
			<dd key=${`d${c.scheme}${c.address}`}>${["service", "marketing", "survey"].map((p) => html`<span key=${p} class="chip" title=${c.purposes[p].at ? `${c.purposes[p].source || ""} ${moment(c.purposes[p].at)}` : ""}>${p}: ${stateName[c.purposes[p].state]}</span> `)}</dd>`)}</dl>
		${holds.length > 0 && html`<ul aria-label="Holds">${holds.map((h) => html`<li key=${h.id}>Held: <b>${words(h.reason)}</b> <span class="dim">${h.author}${h.until ? `, until ${moment(h.until)}` : ""}</span>
			${me.role !== "marketing" && html`<button class="quiet" onClick=${() => go(call("DELETE", `/v1/customers/${id}/holds/${h.id}`), () => { setAnswer(null); load(); })}>End hold</button>`}</li>`)}</ul>`}
		<form class="row" onSubmit=${hold}><label class="vh" for="hold">Reason to hold marketing back</label><input id="hold" name="reason" required maxlength="40" placeholder="dispute, bereavement…" /><button class="quiet">Hold</button></form>
		<button class="quiet" onClick=${() => go(post("/v1/policy/explain", { customer_id: id }), setAnswer)}>Why not?</button>
		${answer && html`<${Why} answer=${answer} />`}
	</section>`;
}
