/*
 * The inside of a session, shared by the files that make up the form interpretation algorithm (VoiceXML 2.0
 * appendix C): fia.c (which item is next), exec.c (executable content), event.c (what handles an event), input.c (keys
 * and grammars), filled.c, move.c (from document to document), prompt.c (what is to be played).
 *
 * Every function that can go wrong throws an event and returns -1; the caller just leaves. What must not happen (memory,
 * a limit) ends the session through vx_fatal.
 */
#pragma once
#include "ivr/vxml/doc.h"
#include "ivr/vxml/script.h"

enum phase {
	PH_NEW,
	PH_MOVE,     /* a document is wanted */
	PH_DOCUMENT, /* its variables and scripts, one after the other, */
	PH_DIALOG,   /* and those of its dialog */
	PH_SELECT,
	PH_CONTENT,
	PH_THROW,
	PH_INPUT, /* grammars, then waiting */
	PH_KEYS,  /* keys are here */
	PH_FILLED,
	PH_END,	 /* what is queued is played, */
	PH_OVER, /* and that was it */
	PH_WAIT	 /* for the door */
};

enum want { /* what a fetch or an answer is for */
	    WANT_NOTHING,
	    WANT_DOCUMENT,
	    WANT_ROOT,
	    WANT_GRAMMAR,
	    WANT_SCRIPT,
	    WANT_DATA,
	    WANT_INPUT,
	    WANT_RECORD,
	    WANT_TRANSFER,
	    WANT_PLAYED,  /* then PH_OVER */
	    WANT_GOODBYE, /* played, then disconnect */
	    WANT_GONE	  /* disconnected */
};

struct counter {
	const char *event;
	int n;
	struct counter *next;
};

struct item {
	const struct node *n;
	int prompts; /* the prompt counter */
	struct counter *events;
	bool just_filled;
};

struct param {
	const char *name, *held;
	bool used;
	struct param *next;
};

struct loop { /* a <foreach> under way */
	const struct node *n;
	const char *array;
	int i;
};

enum content { CONTENT_BLOCK, CONTENT_CATCH, CONTENT_FILLED };

struct context { /* of one execution: the session's first, and one for each subdialog within it */
	struct context *up;
	struct vxml_doc *doc, *root; /* root == doc if it is one itself */
	struct chain chain;	     /* of the dialog; SCOPE_ANONYMOUS while content runs */
	const struct node *dialog;
	struct arena *a; /* as long as the dialog */
	struct item *items;
	int item_count;
	struct counter *events; /* of the dialog */
	struct item *item;	/* that is visited, NULL if none */
	const struct node *next_item;
	bool skip_prompts, entered;
	struct param *params;
	struct arena *params_arena;
	/* where it is */
	const struct node *at, *top;
	enum content content;
	struct loop loops[8];
	int loop_count;
	const struct node *filled, *filled_item; /* PH_FILLED: what is looked at next, in the form and in an item */
	bool init_root;				 /* PH_DOCUMENT: the root's part is still to come */
};

struct move {
	bool submit, subdialog, whole; /* whole: the document is entered anew even if it is this one */
	char *url, *fragment;
	char *method, *type, *body;
	const struct node *from;
	struct vxml_doc *doc, *root;
};

struct external { /* a grammar of a file */
	char *url;
	struct arena *a;
	struct gram *g;
	struct external *next;
};

enum owner { OWN_ITEM, OWN_CHOICE, OWN_OPTION, OWN_FORM, OWN_LINK, OWN_DIALOG };

struct active { /* a grammar that is listened to */
	const struct gram *g;
	struct gram_run *run;
	enum owner owner;
	const struct node *n;
	bool dead; /* led nowhere */
};

enum { ACTIVE_MAX = 200, KEYS_MAX = 200 };

struct vxml_session {
	struct script *js;
	struct vxml_limits limits;
	struct vxml_callbacks cb;
	struct context *context;
	const char *session_scope;
	enum phase phase, resume; /* resume: after a script or data were fetched */
	enum want want;
	struct vxml_action action;
	struct vxml_doc *first;
	bool gone, gone_told; /* the caller has hung up; the document has been told */
	int64_t steps;
	int events, depth, documents;
	/* the event that is thrown */
	char *event, *message;
	const char *told; /* how it was traced, for as long as it is handled */
	const struct node *event_from;
	bool reprompt;		      /* the catch that runs said so */
	bool turning;		      /* context->at is a loop whose round has ended */
	const struct node *fetch_for; /* the <script> or <data> */
	struct move move;
	/* what will be played */
	struct arena *queue_arena, *action_arena;
	struct vxml_prompt *queue;
	size_t queued, queue_cap;
	int prompt_timeout; /* ms, of the last prompt that says so; -1 */
	struct arena *scratch;
	/* input */
	struct arena *input_arena;
	struct active *active;
	int active_count;
	char keys[KEYS_MAX + 1], typed[KEYS_MAX + 1]; /* of this input; ahead of it */
	struct external *external;
	char *wanted_url;
	const char *meaning; /* held, for a form entered by its grammar */
	char *said;
	char *result; /* of the session, JSON */
};

/* ---- session.c */
void vx_fatal(struct vxml_session *s, const char *why);
int vx_throw(struct vxml_session *s, const struct node *from, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));					       /* -1 */
int vx_semantic(struct vxml_session *s, const struct node *from, const struct err *e); /* error.semantic; -1 */
void vx_trace(struct vxml_session *s, enum vxml_trace what, const char *target, const char *text, const char *value);
const char *vx_where(const struct vxml_session *s); /* the URL of the document that runs */
const struct vxml_action *vx_do(struct vxml_session *s, enum vxml_do what, enum want want);
/* Asks for url; the answer comes back as `want`. */
void vx_fetch(struct vxml_session *s, enum want want, const char *url, const char *method, const char *type,
	      const char *body, const struct node *from);
void vx_fetched(struct vxml_session *s, const struct vxml_event *ev);

/* ---- context.c */
struct context *context_new(struct vxml_session *s);
void context_free(struct vxml_session *s, struct context **c);
const struct chain *context_chain(const struct vxml_session *s);
int context_anonymous(struct vxml_session *s); /* a new innermost scope */
void context_leave_anonymous(struct vxml_session *s);
const char *property_of(const struct vxml_session *s, const char *name, const char *otherwise);
int property_ms(const struct vxml_session *s, const char *name, const char *otherwise);
int property_bool(const struct vxml_session *s, const char *name, bool otherwise);
/* attr as it is, or the value of attrexpr: 0 and NULL if it has neither. */
int attr_value(struct vxml_session *s, const struct node *n, const char *attr, const char *expr, char **out);

/* ---- move.c */
void move_start(struct vxml_session *s);
int move_to(struct vxml_session *s, const struct node *n, const char *ref); /* goto, choice, link */
int move_submit(struct vxml_session *s, const struct node *n, const char *ref);
int move_subdialog(struct vxml_session *s, const struct node *n);
void move_step(struct vxml_session *s);
void move_document(struct vxml_session *s, const struct vxml_event *ev);
void move_root(struct vxml_session *s, const struct vxml_event *ev);
void move_clear(struct vxml_session *s);
void move_dialog(struct vxml_session *s, const struct node *dialog);
int submit_body(struct vxml_session *s, const struct node *n, const char *names, char **body);

/* ---- fia.c */
void fia_document(struct vxml_session *s);
void fia_dialog(struct vxml_session *s);
void fia_select(struct vxml_session *s);
struct item *fia_item(struct context *c, const struct node *n);
void fia_reset(struct vxml_session *s, struct item *it); /* as <clear> does */
void fia_return(struct vxml_session *s, const struct node *n);
bool fia_declare(struct vxml_session *s, const struct node *n); /* var, script, data of a form or document */
void fia_recorded(struct vxml_session *s, const struct vxml_event *ev);
void fia_transfer(struct vxml_session *s, const struct node *n);
void fia_transferred(struct vxml_session *s, const struct vxml_event *ev);

/* ---- exec.c */
void exec_begin(struct vxml_session *s, const struct node *top, enum content what);
void exec_step(struct vxml_session *s);
int exec_var(struct vxml_session *s, const struct node *n);
int exec_script(struct vxml_session *s, const struct node *n); /* 1: it has to be fetched */
int exec_data(struct vxml_session *s, const struct node *n);   /* 1 always, or -1 */
void exec_fetched(struct vxml_session *s, const struct vxml_event *ev, bool data);
int exec_event(struct vxml_session *s, const struct node *n); /* event, message of throw, choice, link, return */

/* ---- data.c */
void data_received(struct vxml_session *s, const struct node *n, const struct vxml_event *ev);

/* ---- event.c */
void event_step(struct vxml_session *s);

/* ---- input.c, match.c */
void input_step(struct vxml_session *s); /* PH_INPUT */
void input_keys(struct vxml_session *s); /* PH_KEYS */
void input_event(struct vxml_session *s, const struct vxml_event *ev);
void input_grammar(struct vxml_session *s, const struct vxml_event *ev);
void input_reset(struct vxml_session *s);
int input_activate(struct vxml_session *s); /* 1: a grammar has to be fetched */
void match_keys(struct vxml_session *s);    /* what was pressed is complete */
void match_text(struct vxml_session *s, struct str words);
int match_fill_form(struct vxml_session *s, const char *meaning);

/* ---- filled.c */
void filled_begin(struct vxml_session *s);
void filled_step(struct vxml_session *s);
void filled_set(struct vxml_session *s, struct item *it, const char *json, const char *shadow); /* and PH_FILLED */

/* ---- prompt.c */
int prompt_queue(struct vxml_session *s, const struct node *n); /* a prompt, or text and audio without one */
int prompt_item(struct vxml_session *s, const struct node *n, int *counter);
bool prompt_bargein(const struct vxml_session *s); /* of all that is queued */
void prompt_take(struct vxml_session *s);	   /* the queue becomes the action's prompts */
void prompt_drop(struct vxml_session *s);
