// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// How many there are of each product: a service that exports examples:shop/stock@1.0.0 (see
// ../wit/shop.wit). What there is at the start is the deployment's configuration; what was taken
// since then is in this replica's memory. stock_world.h is made of the .wit when this is built
// (script/examples).
#include <stdlib.h>
#include <string.h>

#include "stock_world.h"

typedef stock_world_string_t string_t;

typedef struct {
  string_t product;
  uint32_t there;
} shelf_t;

static shelf_t* shelves;
static size_t shelves_count;

static void* allocate(size_t size) {
  void* memory = malloc(size);
  if (memory == NULL) abort();
  return memory;
}

static uint32_t number(const string_t* text) {
  uint32_t value = 0;
  for (size_t i = 0; i < text->len && text->ptr[i] >= '0' && text->ptr[i] <= '9'; ++i)
    value = value * 10 + (text->ptr[i] - '0');
  return value;
}

// Once, at the first call: a replica may not ask its host for anything while it is made.
static void fill_shelves(void) {
  if (shelves != NULL) return;
  stock_world_list_tuple2_string_string_t all;
  wasi_config_store_error_t error;
  if (!wasi_config_store_get_all(&all, &error)) abort();
  shelves = allocate((all.len + 1) * sizeof(shelf_t));
  for (size_t i = 0; i < all.len; ++i) {
    const string_t* product = &all.ptr[i].f0;
    stock_world_string_dup_n(&shelves[i].product, (const char*)product->ptr, product->len);
    shelves[i].there = number(&all.ptr[i].f1);
  }
  shelves_count = all.len;
  stock_world_list_tuple2_string_string_free(&all);
}

// "there is no tea": false, as the functions below answer with an error.
static bool refuse(const char* why, const string_t* product, string_t* err) {
  const size_t length = strlen(why);
  err->len = length + product->len;
  err->ptr = allocate(err->len);
  memcpy(err->ptr, why, length);
  memcpy(err->ptr + length, product->ptr, product->len);
  return false;
}

static shelf_t* shelf_of(const string_t* product, string_t* err) {
  fill_shelves();
  for (size_t i = 0; i < shelves_count; ++i) {
    const string_t* name = &shelves[i].product;
    if (name->len == product->len && memcmp(name->ptr, product->ptr, name->len) == 0)
      return &shelves[i];
  }
  refuse("the stock has no shelf for ", product, err);
  return NULL;
}

static bool move(const string_t* product, uint32_t out, uint32_t in, uint32_t* ret, string_t* err) {
  shelf_t* shelf = shelf_of(product, err);
  if (shelf == NULL) return false;
  if (shelf->there < out) return refuse("there is not enough of ", product, err);
  if (in > UINT32_MAX - shelf->there)
    return refuse("there is no room for so much of ", product, err);
  shelf->there = shelf->there - out + in;
  *ret = shelf->there;
  return true;
}

// The strings that a function is given are its own.

bool exports_examples_shop_stock_level(string_t* product, uint32_t* ret, string_t* err) {
  const bool done = move(product, 0, 0, ret, err);
  stock_world_string_free(product);
  return done;
}

bool exports_examples_shop_stock_reserve(string_t* product, uint32_t count, uint32_t* ret,
                                         string_t* err) {
  const bool done = move(product, count, 0, ret, err);
  stock_world_string_free(product);
  return done;
}

bool exports_examples_shop_stock_release(string_t* product, uint32_t count, uint32_t* ret,
                                         string_t* err) {
  const bool done = move(product, 0, count, ret, err);
  stock_world_string_free(product);
  return done;
}
