// The console: sign in, then conversations beside the customer's timeline.
import { html, render, useState, useEffect } from "./lib.js";
import { get } from "./api.js";
import { connect, disconnect } from "./stream.js";
import { SignIn } from "./sign_in.js";
import { Inbox } from "./inbox.js";
import { Customer } from "./customer.js";

function App() {
	const [me, setMe] = useState(undefined); // undefined: not asked yet; null: signed out
	const [live, setLive] = useState(false);
	const [chosen, setChosen] = useState(fromHash());

	useEffect(() => {
		get("/v1/me").then(setMe, () => setMe(null));
		const onHash = () => setChosen(fromHash());
		addEventListener("hashchange", onHash);
		return () => removeEventListener("hashchange", onHash);
	}, []);
	useEffect(() => {
		if (me) connect(setLive);
		return disconnect;
	}, [me && me.id]);

	if (me === undefined) return null;
	if (me === null) return html`<${SignIn} onSignedIn=${setMe} />`;
	return html`
		<${Inbox} me=${me} live=${live} chosen=${chosen} onSignedOut=${() => setMe(null)} />
		${chosen.customer
			? html`<${Customer} key=${chosen.customer} id=${chosen.customer} conversation=${chosen.conversation} me=${me} />`
			: html`<main class="empty"><p>Choose a conversation, or find a customer.</p></main>`}`;
}

// The address names what is shown: #/customers/ID/CONVERSATION. So it can be linked, and back goes back.
function fromHash() {
	const [, , customer, conversation] = location.hash.split("/");
	return { customer: customer || "", conversation: conversation || "" };
}

render(html`<${App} />`, document.getElementById("app"));
