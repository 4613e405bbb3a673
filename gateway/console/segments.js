// Segments: a condition as JSON, how many it is and ten of them, before it is kept under a name.
import { html, useState, useEffect } from "./lib.js";
import { get, post } from "./api.js";
import { customerName } from "./format.js";
import { said } from "./campaigns.js";

const example = '{ "message": "inbound", "within": "30d" }';

function Try({ links, onKept }) {
	const [text, setText] = useState(example);
	const [name, setName] = useState("");
	const [found, setFound] = useState(null);
	const [error, setError] = useState("");
	const ask = (path, more, then) => {
		setError("");
		let conditions;
		try {
			conditions = JSON.parse(text);
		} catch (e) {
			return setError(`This is not JSON: ${e.message}`);
		}
		return post(path, { ...more, conditions }).then(then, (p) => { setFound(null); setError(said(p)); });
	};
	const submit = (e) => { e.preventDefault(); ask("/v1/segments", { name: name.trim() }, () => { setName(""); onKept(); }); };
	return html`<form onSubmit=${submit}>
		<label for="conditions">Condition</label>
		<textarea id="conditions" class="code" rows="7" spellcheck="false" aria-invalid=${String(!!error)} aria-describedby="conditions-error" value=${text} onInput=${(e) => { setText(e.target.value); setFound(null); }}></textarea>
		<p id="conditions-error" role="alert" class="error">${error}</p>
		<div class="row"><button type="button" onClick=${() => ask("/v1/segments/preview", {}, setFound)}>Count</button>
			<label for="segment-name">Name</label><input id="segment-name" required value=${name} onInput=${(e) => setName(e.target.value)} /><button class="quiet">Keep</button></div>
		${found && html`<section aria-label="Count"><p role="status"><b>${found.count}</b> ${found.count === 1 ? "customer" : "customers"}</p>
			<ul>${found.sample.map((c) => html`<li key=${c.id}>${links ? html`<a class="link" href=${`#/customers/${c.id}`}>${customerName(c)}</a>` : customerName(c)}</li>`)}</ul></section>`}
	</form>`;
}

export function Segments({ links }) {
	const [list, setList] = useState([]);
	const load = () => get("/v1/segments?limit=200").then((r) => setList(r.data), () => {});
	useEffect(() => { load(); }, []);
	return html`<article>
		<h1>Segments</h1>
		<${Try} links=${links} onKept=${load} />
		${list.length === 0 && html`<p class="none">No segments yet.</p>`}
		${list.map((s) => html`<details key=${s.id} class="make"><summary>${s.name} <span class="dim">${s.description || ""}</span></summary><pre class="code">${JSON.stringify(s.conditions, null, 2)}</pre></details>`)}
	</article>`;
}
