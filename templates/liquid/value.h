/* Values as the reference's Ruby objects behave: truth, equality, order, text, members. */
#pragma once
#include "liquid/context.h"
#include "liquid/num.h"

static inline bool truthy(const struct liquid_value *v) { return v->type > LIQUID_FALSE; }
static inline struct str text_of(const struct liquid_value *v) { return (struct str){v->s, v->n}; } /* STR */
static inline bool is_array(const struct liquid_value *v) { return v->type == LIQUID_LIST || v->type == LIQUID_ARRAY; }
static inline bool is_number(const struct liquid_value *v)
{
	return v->type == LIQUID_INT || v->type == LIQUID_FLOAT || v->type == LIQUID_BIG;
}
struct liquid_value value_list(const struct liquid_value *items, size_t n);

size_t value_count(const struct liquid_value *v); /* of arrays, objects, ranges; else 0 */
/* Of arrays and ranges, i < count. */
void value_at(const struct liquid_value *v, size_t i, struct liquid_value *out);
bool value_member(const struct liquid_value *object, struct str key, struct liquid_value *out);

bool value_equal(const struct liquid_value *a, const struct liquid_value *b);
/* Same class too, as uniq wants it: 1 is not 1.0. */
bool value_same(const struct liquid_value *a, const struct liquid_value *b);
/* a <=> b: false when they cannot be compared. */
bool value_order(struct liquid_call *c, const struct liquid_value *a, const struct liquid_value *b, int *order);
bool value_empty(const struct liquid_value *v); /* empty? */
bool value_blank(const struct liquid_value *v);

/* What {{ }} writes. */
int value_write(struct liquid_call *c, struct buf *out, const struct liquid_value *v, int depth);
void value_inspect(struct buf *out, const struct liquid_value *v, int depth);
/* to_s: text of anything. Fails only with memory. */
int value_text(struct liquid_call *c, const struct liquid_value *v, struct str *out);
size_t int_text(int64_t v, char to[24]);
size_t float_text(double f, char to[40]);

/* to_number: nil → 0, "12abc" → 12, "1.5" → a decimal. */
const struct num *value_number(struct liquid_call *c, const struct liquid_value *v);
/* Integer("..."): fails with "invalid integer". Values beyond 64 bits are brought within. */
int value_integer(struct liquid_call *c, const struct liquid_value *v, int64_t *out);
int64_t value_to_i(const struct liquid_value *v); /* to_i of nil, text and numbers; 0 for what has none */
bool value_has_to_i(const struct liquid_value *v);
/* A result: integers and decimals as LIQUID_INT, LIQUID_BIG or LIQUID_FLOAT. */
int value_of_num(struct liquid_call *c, const struct num *x, struct liquid_value *out);

/* The elements of anything that can be walked (arrays; objects as pairs; ranges); others have none. */
int value_items(struct liquid_call *c, const struct liquid_value *v, const struct liquid_value **items, size_t *n);
