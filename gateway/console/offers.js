// The offers of a customer: what was presented, and the agent's click when the customer says yes or no.
import { html, useState, useEffect, useCallback } from "./lib.js";
import { get, send } from "./api.js";
import { listen } from "./stream.js";
import { moment } from "./format.js";

const open = new Set(["presented", "opened", "clicked", "declined"]);

// ids: everyone who is this customer, as a ref.
export function Offers({ id, conversation, ids }) {
	const [list, setList] = useState([]);
	const [error, setError] = useState("");
	const load = useCallback(() => get(`/v1/customers/${id}/offers`).then((r) => setList(r.data), () => {}), [id]);
	useEffect(() => {
		load();
		return listen((e) => e.type.startsWith("offer.") && ids.current.has(e.customer_id) && load());
	}, [id]);
	const answer = (offer, what) => {
		setError("");
		send(`/v1/offers/${offer.offer_id}/${what}`, { customer_id: id, ...(conversation ? { conversation_id: conversation } : {}) })
			.then(load, (problem) => { setError(problem.message); load(); });
	};
	if (!list.length) return null;
	return html`<section class="offers" aria-label="Offers">
		<h3>Offers</h3>
		${error && html`<p role="alert" class="error">${error}</p>`}
		<ul>${list.map((o) => html`<li key=${o.offer_id}>
			<span>${o.name}</span> <span class="chip" title=${o.answered_at ? moment(o.answered_at) : ""}>${o.state}</span>
			${open.has(o.state) && html`<span class="row">
				<button onClick=${() => answer(o, "accept")}>Accept</button>
				${o.state !== "declined" && html`<button class="quiet" onClick=${() => answer(o, "decline")}>Decline</button>`}
			</span>`}
		</li>`)}</ul>
	</section>`;
}
