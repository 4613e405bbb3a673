/*
 * bucket: a small fixed number a customer's id carries in its last byte. It comes first in the key of all that a customer
 * owns, so that a distributed store can place a customer's rows together and a node can lease its share of the work.
 * It is part of the id and so never changes, whatever happens to the customer.
 */
#pragma once
#include "base/uuid.h"

enum { BUCKETS = 256 };
static inline int bucket_of(const struct uuid *id) { return uuid_bucket(id); }
