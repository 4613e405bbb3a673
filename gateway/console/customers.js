// Customers seen lately, so that a list of conversations does not ask for each of them again.
import { get } from "./api.js";
import { listen } from "./stream.js";

const known = new Map(); // id → Promise of customer

export function customer(id, fresh = false) {
	if (fresh || !known.has(id)) {
		if (known.size > 500) known.delete(known.keys().next().value);
		const p = get(`/v1/customers/${id}`);
		p.catch(() => known.delete(id));
		known.set(id, p);
	}
	return known.get(id);
}

listen((e) => {
	if (/^(customer|identity)\./.test(e.type) && e.customer_id) known.delete(e.customer_id);
});
