/*
 * Drawing lots that come out the same each time: a number for a customer and a thing (an offer, a campaign), evenly spread
 * and without relation between things. So an assignment needs no row to be remembered, and two gateways agree.
 */
#pragma once
#include "base/uuid.h"

enum { DRAW_RANGE = 1000000 };

/* 0 to DRAW_RANGE - 1. salt: several lots for one thing. */
int draw(const struct uuid *thing, const struct uuid *customer, uint32_t salt);
/* Which of n weights a lot falls to; weights ≥ 0, not all 0. */
int draw_weighted(int lot, const int *weights, int n);
