/* What a mail owes to the mail it answers. */
#include "base/json.h"
#include "outbound/private.h"

enum { ID_MAX = 250, SUBJECT_MAX = 998 };

struct latest {
	struct str subject, message_id; /* in the arena; empty if not known */
};

/* "<a@b>" and "a@b" are the same id; the option has the brackets. */
static struct str bracketed(struct arena *mem, struct str id)
{
	char *out;

	id = str_trim(id);
	if (id.n > 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
		id = str_n(id.p + 1, id.n - 2);
	if (!id.n || id.n > ID_MAX)
		return STR("");
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] <= ' ' || id.p[i] >= 127 || strchr("<>\"\\", id.p[i]))
			return STR("");
	out = arena_printf(mem, "<%.*s>", (int)id.n, id.p);
	return out ? str_of(out) : (struct str){0};
}

static struct str id_of(struct arena *mem, struct str metadata)
{
	struct str out = STR("");
	const json_t *id;
	json_t *tree;

	if (!metadata.n || json_read(metadata, 8, &tree, NULL))
		return out;
	id = json_object_get(json_object_get(tree, "email"), "message_id");
	if (json_is_string(id))
		out = bracketed(mem, str_n(json_string_value(id), json_string_length(id)));
	json_decref(tree);
	return out;
}

static int find_latest(struct db *db, const struct interaction *i, struct arena *mem, struct latest *out,
		       struct err *err)
{
	struct stmt *q = db_query(db, "SELECT subject, metadata FROM interaction WHERE bucket = $1 AND"
				      " conversation_id = $2 AND channel = $3 AND direction = $4"
				      " ORDER BY id DESC LIMIT 1");
	int r;

	*out = (struct latest){STR(""), STR("")};
	db_bind_i64(q, 1, bucket_of(&i->customer));
	db_bind_uuid(q, 2, &i->conversation);
	db_bind_i64(q, 3, CHANNEL_EMAIL);
	db_bind_i64(q, 4, DIRECTION_INBOUND);
	r = db_step(q, err);
	if (r == DB_ROW) {
		out->subject = arena_str(mem, db_col_str(q, 0));
		out->message_id = id_of(mem, db_col_str(q, 1));
	}
	db_done(q);
	if (r < 0)
		return -1;
	return out->subject.p && out->message_id.p ? 0 : err_nomem(err);
}

static struct str answer_to(struct arena *mem, struct str subject)
{
	char *out;

	subject = str_trim(subject);
	if (!subject.n || (subject.n > 3 && str_ieq(str_n(subject.p, 3), STR("re:"))))
		return subject;
	if (subject.n > SUBJECT_MAX - 4)
		return subject;
	out = arena_printf(mem, "Re: %.*s", (int)subject.n, subject.p);
	return out ? str_of(out) : (struct str){0};
}

/* An object gets one more member at its front. */
static struct str with_member(struct arena *mem, struct str options, struct str id)
{
	struct str rest = options.n > 2 ? str_n(options.p + 1, options.n - 1) : STR("}");
	char *out = arena_printf(mem, "{\"in_reply_to\":\"%.*s\"%s%.*s", (int)id.n, id.p, rest.n > 1 ? "," : "",
				 (int)rest.n, rest.p);

	return out ? str_of(out) : (struct str){0};
}

int mail_answers(struct db *db, const struct interaction *i, struct arena *mem, struct str *subject,
		 struct str *options, struct err *err)
{
	struct latest latest;

	if (find_latest(db, i, mem, &latest, err))
		return -1;
	if (!subject->n) {
		*subject = answer_to(mem, latest.subject);
		if (!subject->p)
			return err_nomem(err);
	}
	if (!latest.message_id.n || (options->n && memmem(options->p, options->n, "\"in_reply_to\"", 13)))
		return 0;
	*options = with_member(mem, *options, latest.message_id);
	return options->p ? 0 : err_nomem(err);
}
