/* The message to one customer of a campaign, but for what the template makes of the customer. */
#include "base/clock.h"
#include "campaign/sender.h"

/* The campaign's data with the variant's over it. NULL: out of memory, or not readable. */
static json_t *own_data(const struct sender *s, int variant)
{
	const struct str of_variant = variant >= 0 ? s->p.v[variant].data : STR("");
	json_t *all = NULL, *own = NULL;

	if (s->p.data.n ? json_read(s->p.data, 14, &all, NULL) : !(all = json_object()))
		return NULL;
	if (of_variant.n && (json_read(of_variant, 14, &own, NULL) || json_object_update(all, own))) {
		json_decref(all);
		all = NULL;
	}
	json_decref(own);
	return all;
}

/* What the template sees: that, and the offer. */
static int make_data(struct sender *s, int variant, struct str offer_variant, struct err *err)
{
	json_t *all = own_data(s, variant), *v;
	struct json_out j;
	const char *key;

	if (!all)
		return err_nomem(err);
	if (s->has_offer)
		json_object_del(all, "offer");
	buf_reset(&s->data);
	json_begin(&j, &s->data);
	json_obj(&j, NULL);
	json_object_foreach (all, key, v) {
		json_value(&j, key, v);
	}
	if (s->has_offer)
		offer_view(&j, "offer", &s->offer, offer_variant);
	json_end(&j);
	json_decref(all);
	return s->data.failed ? err_nomem(err) : 0;
}

static int make_metadata(struct sender *s, int variant, struct str offer_variant, struct err *err)
{
	struct json_out j;

	buf_reset(&s->metadata);
	json_begin(&j, &s->metadata);
	json_obj(&j, NULL);
	json_obj(&j, "campaign");
	json_uuid(&j, "id", &s->c.id);
	json_str(&j, "name", s->c.name);
	if (variant >= 0)
		json_str(&j, "variant", s->p.v[variant].name);
	if (s->test)
		json_bool(&j, "test", true);
	json_end(&j);
	if (s->has_offer && !s->test) {
		json_obj(&j, "offer");
		json_uuid(&j, "offer_id", &s->offer.id);
		json_str(&j, "name", s->offer.name);
		json_cstr(&j, "outcome", "presented");
		if (offer_variant.n)
			json_str(&j, "variant", offer_variant);
		json_end(&j);
	}
	json_end(&j);
	return s->metadata.failed ? err_nomem(err) : 0;
}

/* In the arena of the step. */
int make(struct sender *s, int variant, struct str word, struct made *out, struct err *err)
{
	for (int k = 0; k < s->made_n; k++)
		if (s->made[k].variant == variant && str_eq(s->made[k].word, word)) {
			*out = s->made[k];
			return 0;
		}
	if (make_data(s, variant, word, err) || make_metadata(s, variant, word, err))
		return -1;
	if (s->made_n == MADE) {
		*out = (struct made){variant, word, buf_str(&s->data), buf_str(&s->metadata)};
		return 0;
	}
	*out = (struct made){variant, arena_str(s->arena, word), arena_str(s->arena, buf_str(&s->data)),
			     arena_str(s->arena, buf_str(&s->metadata))};
	if (!out->word.p || !out->data.p || !out->metadata.p)
		return err_nomem(err);
	s->made[s->made_n++] = *out;
	return 0;
}

static int64_t sooner(int64_t a, int64_t b) { return a == 0 || (b && b < a) ? b : a; }

/* A message must not come when the offer is over, nor after the hours. */
void make_request(struct sender *s, const struct judged *j, const struct uuid *customer, const struct made *m,
		  struct send_request *q)
{
	const struct campaign_variant *v = j->variant >= 0 ? &s->p.v[j->variant] : NULL;

	*q = (struct send_request){.customer = *customer,
				   .account = s->p.account,
				   .from = s->p.from,
				   .template.name = v && v->template.n ? v->template : s->p.template,
				   .template.version = v && v->template.n ? v->version : s->p.version,
				   .template.data = m->data,
				   .purpose = PURPOSE_MARKETING,
				   .metadata = m->metadata,
				   .author = "system:campaign",
				   .channels_n = s->p.channels_n};
	memcpy(q->channels, s->p.channels, sizeof q->channels);
	if (j->channel > 0) { /* that one first, the others after it in their order */
		memcpy(q->channels + 1, s->p.channels, (size_t)j->channel * sizeof *q->channels);
		q->channels[0] = s->p.channels[j->channel];
	}
	q->expires_at = s->p.expires_in ? s->now + s->p.expires_in : 0;
	q->expires_at = sooner(q->expires_at, j->closes);
	if (s->has_offer)
		q->expires_at = sooner(q->expires_at, s->offer.valid_until);
}
