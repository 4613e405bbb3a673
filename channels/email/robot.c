#include "email/robot.h"

static struct str lower(struct part_context *x, struct str s)
{
	char *p;

	s.n = s.n < 300 ? s.n : 300;
	p = arena_strndup(x->a, s.p, s.n);
	for (size_t i = 0; p && i < s.n; i++)
		p[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
	return p ? str_n(p, s.n) : str_n("", 0);
}

static bool has(struct str s, const char *phrases, bool at_start)
{
	for (const char *p = phrases;; p++) {
		size_t n = strcspn(p, "|");
		if (at_start ? s.n >= n && memcmp(s.p, p, n) == 0 : memmem(s.p, s.n, p, n) != NULL)
			return true;
		p += n;
		if (!*p)
			return false;
	}
}

static bool is_one(struct str s, const char *words)
{
	for (const char *p = words;; p++) {
		size_t n = strcspn(p, "|");
		if (s.n == n && memcmp(s.p, p, n) == 0)
			return true;
		p += n;
		if (!*p)
			return false;
	}
}

static const struct mail_address *sender(const struct mail *m)
{
	return m->from.n ? &m->from.at[0] : m->sender.n ? &m->sender.at[0] : NULL;
}

struct str robot_local(struct part_context *x, const struct mail *m)
{
	const struct mail_address *s = sender(m);
	struct str a = s ? lower(x, s->address.n ? s->address : s->name) : str_n("", 0);
	const char *at = memchr(a.p, '@', a.n);

	return at ? str_n(a.p, (size_t)(at - a.p)) : a;
}

bool robot_daemon(struct str local)
{
	return is_one(local, "mailer-daemon|mailerdaemon|mailer_daemon|postmaster|mail-daemon|mdaemon|mail.daemon|"
			     "bounce|bounces|"
			     "mailer|maildelivery|mail-delivery|postfix|mailsystem|mail-system|daemon|"
			     "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e") ||
	       has(local, "mailer-daemon|postmaster", false);
}

bool robot_nobody(struct str local)
{
	return has(local,
		   "noreply|no-reply|no_reply|donotreply|do-not-reply|do_not_reply|nobody|mailadmin|admin|system",
		   true) ||
	       has(local, "noreply|no-reply|-admin", false);
}

bool robot_daemon_name(struct part_context *x, const struct mail *m)
{
	const struct mail_address *s = sender(m);
	struct str name = s ? lower(x, s->name) : str_n("", 0);

	return has(
		name,
		"mail delivery|mailer-daemon|postmaster|mail delivery subsystem|delivery system|mail administrator|"
		"internet mail delivery|mail system|mail router|mailer daemon|microsoft outlook|system administrator",
		false);
}

bool robot_attached(struct part *root)
{
	struct part_walk w;
	struct part *p;

	part_walk_begin(&w, root);
	while ((p = part_walk_next(&w)))
		if (part_is(p, "message/delivery-status") || part_is(p, "message/feedback-report") ||
		    part_is(p, "message/global-delivery-status") || part_is(p, "text/rfc822-headers"))
			return true;
	return false;
}

bool robot_subject_of_failure(struct part_context *x, const struct mail *m)
{
	return has(lower(x, m->subject),
		   "undeliver|failure notice|returned mail|delivery fail|mail failure|returned to sender|"
		   "delivery status|unzustellbar|complaint about|abuse report|mail delivery",
		   false);
}

/* What vacation programs put first, in the languages of the large ones. People write these words too, but not so. */
static bool vacation_subject(struct str s)
{
	return has(
		s,
		"automatic reply|auto reply|auto-reply|autoreply|auto response|auto-response|autoresponse|automated "
		"reply|"
		"automated response|auto:|automatic response|[auto-reply]|[autoreply]|[auto reply]|(auto-reply)|"
		"out of office|out of the office|out-of-office|away from my mail|away from the office|vacation reply|"
		"on vacation|i am away|i'm away|currently away|automatische antwort|automatische "
		"abwesenheit|abwesenheitsnotiz|abwesenheit|abwesend|"
		"automatisch antwoord|afwezigheid|afwezig|niet aanwezig|réponse automatique|reponse automatique|"
		"réponse d'absence|absence du bureau|absent du bureau|respuesta automática|respuesta automatica|fuera "
		"de la oficina|"
		"fuera de oficina|risposta automatica|fuori sede|fuori ufficio|resposta automática|"
		"resposta automatica|fora do escritório|ausência|autosvar|automatisk svar|automaattinen vastaus|"
		"poissa|frånvaro|fravær|automatyczna odpowiedź|autoodpowiedź|poza biurem|"
		"automatická odpověď|automatická odpoveď|automatikus válasz|házon kívül|otomatik yanıt|"
		"automatinis atsakymas|răspuns automat|автоответ|автоматический ответ|автоматична відповідь|"
		"자동 회신|부재중|自動応答|自動返信|不在通知|自动回复|自動回覆|外出自动回复|αυτόματη απάντηση|תשובה "
		"אוטומטית|رد تلقائي",
		true);
}

static bool present(const struct mail *m, const char *const *names)
{
	for (; *names; names++)
		if (header_raw(&m->fields, *names).n)
			return true;
	return false;
}

static bool is_receipt(const struct part *root)
{
	struct str type = header_param(&root->content_type, "report-type");

	return str_is(root->content_type.value, "multipart/report") &&
	       (str_ieq(type, STR("disposition-notification")) || str_ieq(type, STR("delivery-status")));
}

static bool loop_guard(struct part_context *x, const struct mail *m)
{
	struct str wish = lower(x, str_trim(header_raw(&m->fields, "X-Auto-Response-Suppress")));

	return has(wish, "all|autoreply|oof", false);
}

bool robot_answers(struct part_context *x, struct part *root, const struct mail *m)
{
	static const char *const fields[] = {"X-Autoreply",
					     "X-Autorespond",
					     "X-Autoresponder",
					     "X-Auto-Reply-From",
					     "X-Autogenerated",
					     "X-Vacation",
					     "X-Autoreply-From",
					     "X-AutoReply-From",
					     "X-Mail-Autoreply",
					     "Auto-Replied",
					     "X-Apple-Vacation",
					     "X-MDAutoReply",
					     NULL};
	struct str subject, action = lower(x, str_trim(header_raw(&m->fields, "X-Apple-Action")));

	if (m->auto_submitted.n && !str_is(m->auto_submitted, "no"))
		return true;
	if (present(m, fields) || is_receipt(root) || str_is(action, "vacation"))
		return true;
	if (is_one(m->precedence, "auto_reply|auto-reply|autoreply"))
		return true;
	subject = lower(x, str_trim(m->subject));
	if (vacation_subject(subject) || loop_guard(x, m))
		return true;
	if (has(subject, "re:", true) && vacation_subject(str_trim(str_n(subject.p + 3, subject.n - 3))))
		return str_is(m->return_path, "<>") || is_one(m->precedence, "junk|bulk");
	if (is_one(m->precedence, "junk") && !m->list_id.n && !m->list_unsubscribe.n)
		return true;
	return str_is(m->return_path, "<>") && !m->list_id.n;
}
